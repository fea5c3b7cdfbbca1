import CTorch

/// An n-dimensional array in libtorch. The memory is freed when the last reference goes away, at once.
public final class Tensor {
    let handle: OpaquePointer

    /// Takes over a reference.
    init(handle: OpaquePointer) { self.handle = handle }

    deinit { ct_tensor_release(handle) }

    /// A tensor with the given elements in row-major order, copied.
    /// - Throws: ``TorchError`` when the number of elements does not fit the shape.
    public convenience init<Element: TensorElement>(_ elements: [Element], shape: [Int]) throws(TorchError) {
        guard elements.count == shape.reduce(1, *) else {
            throw TorchError("\(elements.count) elements do not fill the shape \(shape)")
        }
        let box = ElementBox(elements)
        try self.init(wrapping: box.base, shape: shape, type: Element.dataType, owner: box)
    }

    /// A tensor of one row.
    public convenience init<Element: TensorElement>(_ elements: [Element]) throws(TorchError) {
        try self.init(elements, shape: [elements.count])
    }

    /// A tensor over memory that `owner` keeps alive; nothing is copied, and the memory must not be written to
    /// through the tensor unless the owner allows it.
    public convenience init(
        wrapping bytes: UnsafeRawPointer, shape: [Int], type: DataType, owner: AnyObject
    ) throws(TorchError) {
        var result: OpaquePointer?
        let sizes = shape.map(Int64.init)
        let context = Unmanaged.passRetained(owner)
        do {
            try checked {
                ct_tensor_wrap(
                    bytes, sizes, sizes.count, type.rawValue,
                    { Unmanaged<AnyObject>.fromOpaque($0!).release() }, context.toOpaque(), &result, $0)
            }
        } catch {
            context.release()
            throw error
        }
        self.init(handle: result!)
    }

    private var about: ct_description { ct_tensor_describe(handle) }

    /// Sizes of the dimensions.
    public var shape: [Int] {
        withExtendedLifetime(self) {
            let about = about
            return (0..<Int(about.dimensions)).map { Int(about.sizes![$0]) }
        }
    }

    /// Number of elements.
    public var count: Int { withExtendedLifetime(self) { Int(about.elements) } }

    /// The element type, or `nil` for one that ``DataType`` does not list.
    public var dataType: DataType? { withExtendedLifetime(self) { DataType(rawValue: about.dtype) } }

    public var device: Device { withExtendedLifetime(self) { Device(of: handle) } }

    /// Whether the elements lie in row-major order without gaps.
    var isContiguous: Bool { withExtendedLifetime(self) { about.is_contiguous } }

    /// Whether `[N, C, H, W]` lies in memory with the channels side by side.
    var isChannelsLast: Bool { withExtendedLifetime(self) { ct_tensor_is_channels_last(handle) } }

    /// The elements in row-major order, brought to main memory and to `Element`.
    /// - Throws: ``TorchError`` for a tensor on the device `meta`, which has no elements.
    public func elements<Element: TensorElement>(_ type: Element.Type = Element.self) throws(TorchError) -> [Element] {
        guard !device.isMeta else { throw TorchError("\(self) has a shape but no elements") }
        let source = try detached().to(.cpu).to(type.dataType).contiguous()
        return withExtendedLifetime(source) {
            guard source.count > 0, let bytes = ct_tensor_bytes(source.handle) else { return [] }
            return Array(UnsafeBufferPointer(start: bytes.assumingMemoryBound(to: type), count: source.count))
        }
    }

    /// The only element.
    /// - Throws: ``TorchError`` unless there is exactly one.
    public func item() throws(TorchError) -> Double {
        guard count == 1 else { throw TorchError("\(self) has not just one element") }
        return try elements(Double.self)[0]
    }

    /// Calls `body` with the bytes of a contiguous tensor in main memory.
    /// - Throws: ``TorchError`` when it is not that.
    public func withUnsafeBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) throws -> Result {
        try withExtendedLifetime(self) {
            let about = about
            guard about.is_contiguous, about.is_cpu else { throw TorchError("\(self) is not contiguous in main memory") }
            return try body(.init(start: ct_tensor_bytes(handle), count: Int(about.elements) * Int(about.element_size)))
        }
    }
}

extension Tensor: CustomStringConvertible {
    /// Type, shape and device, e.g. `float[64, 1, 64, 64]`, `float[8] on cuda:0`.
    public var description: String {
        let kind = dataType.map { "\($0)" } ?? "tensor"
        return "\(kind)\(shape)" + (device.isCPU ? "" : " on \(device)")
    }
}

// MARK: Gradients

extension Tensor {
    public var requiresGradient: Bool { withExtendedLifetime(self) { about.requires_gradient } }

    /// Makes the tensor a leaf whose gradient is recorded, or not.
    @discardableResult
    public func requireGradient(_ required: Bool = true) throws(TorchError) -> Tensor {
        try withExtendedLifetime(self) { () throws(TorchError) in
            try checked { ct_tensor_require_gradient(handle, required, $0) }
        }
        return self
    }

    /// The gradient accumulated by ``backward()``.
    public var gradient: Tensor? { withExtendedLifetime(self) { ct_tensor_gradient(handle).map(Tensor.init(handle:)) } }

    public func clearGradient() { withExtendedLifetime(self) { ct_tensor_clear_gradient(handle) } }

    /// Adds the gradient of this scalar to every leaf it was computed from.
    public func backward() throws(TorchError) {
        try withExtendedLifetime(self) { () throws(TorchError) in
            try checked { ct_tensor_backward(handle, $0) }
        }
    }

    /// The gradients of this scalar with respect to `sources`, `nil` for one that it does not depend on. Only these are
    /// computed, and nothing is added to any leaf.
    /// - Parameters:
    ///   - keepingGraph: whether this scalar, or one that shares its history, is differentiated once more.
    ///   - differentiable: whether the gradients have a history of their own.
    public func gradients(
        of sources: [Tensor], keepingGraph: Bool = false, differentiable: Bool = false
    ) throws(TorchError) -> [Tensor?] {
        var results = [OpaquePointer?](repeating: nil, count: sources.count)
        let handles = sources.map { Optional($0.handle) }
        try withExtendedLifetime((self, sources)) { () throws(TorchError) in
            try checked {
                ct_tensor_gradients(
                    handle, handles, handles.count, keepingGraph || differentiable, differentiable, &results, $0)
            }
        }
        return results.map { $0.map(Tensor.init(handle:)) }
    }

    /// Runs `body` without recording gradients in this thread. `body` must not suspend, since the mode belongs to the
    /// thread; being synchronous, it cannot.
    public static func withoutGradients<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let before = ct_set_gradient_mode(false)
        defer { _ = ct_set_gradient_mode(before) }
        return try body()
    }

    /// Runs `body` with gradients recorded, within one that does not; in this thread, as ``withoutGradients(_:)``.
    public static func withGradients<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let before = ct_set_gradient_mode(true)
        defer { _ = ct_set_gradient_mode(before) }
        return try body()
    }
}

/// Owns a copy of an array's elements at a fixed address.
private final class ElementBox<Element: TensorElement> {
    let storage: UnsafeMutableBufferPointer<Element>

    /// Never null, as libtorch wants an address for empty tensors too.
    var base: UnsafeRawPointer { UnsafeRawPointer(storage.baseAddress!) }

    init(_ elements: [Element]) {
        storage = .allocate(capacity: max(1, elements.count))
        _ = storage.update(fromContentsOf: elements)
    }

    deinit { storage.deallocate() }
}
