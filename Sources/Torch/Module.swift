/// A trainable tensor of a module.
public final class Parameter {
    /// Another object once the module has moved to another device.
    public private(set) var tensor: Tensor

    /// Makes `tensor` a leaf whose gradient is recorded.
    public init(_ tensor: Tensor) throws(TorchError) {
        self.tensor = try tensor.requireGradient()
    }

    /// Brings the tensor to `device`: a leaf as before, frozen if it was.
    func move(to device: Device) throws(TorchError) {
        guard tensor.device != device else { return }
        tensor = try tensor.detached().to(device).requireGradient(tensor.requiresGradient)
    }
}

/// A tensor of a module that is saved but not trained, such as running statistics.
public final class Buffer {
    /// Another object once the buffer was replaced, or the module has moved to another device.
    public private(set) var tensor: Tensor
    /// Whether the data decide on the shape, as of a memory bank, so that a saved one of any shape can be loaded.
    public let isResizable: Bool

    /// - Parameter tensor: the first content; of a resizable buffer often empty, `[0]`.
    public init(_ tensor: Tensor, isResizable: Bool = false) {
        self.tensor = tensor
        self.isResizable = isResizable
    }

    /// Takes over a copy of `source`, converted to the buffer's type and brought to its device.
    /// - Throws: ``TorchError`` when the shape is another one and the buffer is not resizable.
    public func replace(_ source: Tensor) throws(TorchError) {
        guard source.shape != tensor.shape else { return try tensor.copy(from: source) }
        guard isResizable else { throw TorchError("\(source) does not fit into the buffer \(tensor)") }
        let converted = try source.detached().to(tensor.dataType ?? .float).to(tensor.device)
        // Another's memory must not change under the buffer.
        tensor = try converted.contiguous().clone()
    }

    func move(to device: Device) throws(TorchError) {
        if tensor.device != device { tensor = try tensor.detached().to(device) }
    }
}

/// A part of a network. Its stored properties that are a ``Parameter``, a ``Buffer``, a `Module` or an array of
/// modules belong to it, in the order of their declaration, which is the order PyTorch would list them in; their
/// names become snake_case keys such as `encoder.layers.0.weight`.
open class Module {
    /// Whether batch statistics are used and updated (true) or the running ones are used (false).
    public private(set) final var isTraining = true

    /// How often it was switched to training: after that, weights may be others.
    private(set) final var trainings = 0

    public init() {}

    /// Switches this module and all parts of it between training and evaluation.
    public final func train(_ mode: Bool = true) {
        isTraining = mode
        if mode { trainings += 1 }
        for (_, child) in children { child.train(mode) }
    }

    /// This module, its parts, their parts and so on.
    public final var modules: [Module] { [self] + children.flatMap { $0.module.modules } }

    /// Every trainable tensor with its key.
    public final var namedParameters: [(name: String, tensor: Tensor)] {
        members.compactMap { name, member in (member as? Parameter).map { (name, $0.tensor) } }
            + children.flatMap { prefix, child in child.namedParameters.map { ("\(prefix).\($0.name)", $0.tensor) } }
    }

    /// Every tensor that is saved: parameters and buffers.
    public final var state: [(name: String, tensor: Tensor)] { holders.map { ($0.name, $0.holder.tensor) } }

    /// The parameters that are not frozen.
    public final var trainableParameters: [(name: String, tensor: Tensor)] {
        namedParameters.filter { $0.tensor.requiresGradient }
    }

    /// Every tensor that training may change: parameters that are not frozen, and buffers.
    public final var changingState: [(name: String, tensor: Tensor)] {
        let frozen = Set(namedParameters.filter { !$0.tensor.requiresGradient }.map(\.name))
        return state.filter { !frozen.contains($0.name) }
    }

    /// Makes every parameter of this module and its parts a constant.
    public final func freeze() throws(TorchError) {
        for (_, tensor) in namedParameters { try tensor.requireGradient(false) }
    }

    /// Number of parameters, frozen ones included.
    public final var parameterCount: Int { namedParameters.reduce(0) { $0 + $1.tensor.count } }

    /// Overwrites parameters and buffers with the tensors of the same keys.
    /// - Parameter includingFrozen: whether frozen parameters are overwritten too, or keep their values.
    /// - Throws: ``TorchError`` that names a key that is absent or has another shape, unless it is a resizable buffer's; the
    ///   module may be half overwritten then.
    public final func load(_ tensors: [String: Tensor], includingFrozen: Bool = true) throws(TorchError) {
        for (name, holder) in holders {
            if !includingFrozen, case .parameter(let parameter) = holder, !parameter.tensor.requiresGradient { continue }
            guard let source = tensors[name] else { throw TorchError("the weights lack '\(name)'") }
            if case .buffer(let buffer) = holder, buffer.isResizable {
                try buffer.replace(source)
            } else if source.shape == holder.tensor.shape {
                try holder.tensor.copy(from: source)
            } else {
                throw TorchError("the weights' '\(name)' is \(source), the network's is \(holder.tensor)")
            }
        }
    }

    /// Brings every parameter and buffer to `device`. Parameters become other tensors by that: an optimiser is made
    /// afterwards.
    /// - Throws: ``TorchError``, also when the device's memory is too small; some tensors may have moved then.
    public final func move(to device: Device) throws(TorchError) {
        for (_, holder) in holders {
            switch holder {
            case .parameter(let parameter): try parameter.move(to: device)
            case .buffer(let buffer): try buffer.move(to: device)
            }
        }
    }

    /// The keys of buffers of any shape.
    final var resizableNames: Set<String> {
        Set(holders.compactMap { name, holder in
            if case .buffer(let buffer) = holder, buffer.isResizable { name } else { nil }
        })
    }

    /// What holds a tensor of a module.
    private enum Holder {
        case parameter(Parameter)
        case buffer(Buffer)

        init?(_ member: Any) {
            if let parameter = member as? Parameter {
                self = .parameter(parameter)
            } else if let buffer = member as? Buffer {
                self = .buffer(buffer)
            } else {
                return nil
            }
        }

        var tensor: Tensor {
            switch self {
            case .parameter(let parameter): parameter.tensor
            case .buffer(let buffer): buffer.tensor
            }
        }
    }

    /// The parameters and buffers of this module, then those of its parts, with their keys.
    private var holders: [(name: String, holder: Holder)] {
        members.compactMap { name, member in Holder(member).map { (name, $0) } }
            + children.flatMap { prefix, child in child.holders.map { ("\(prefix).\($0.name)", $0.holder) } }
    }

    private var members: [(name: String, value: Any)] {
        var levels: [[(String, Any)]] = []
        var mirror: Mirror? = Mirror(reflecting: self)
        while let current = mirror {
            levels.append(current.children.compactMap { child in child.label.map { (Module.key($0), child.value) } })
            mirror = current.superclassMirror
        }
        return levels.reversed().flatMap { $0 }
    }

    /// Looked for once, since a step of training asks for them: parts never change.
    private lazy var children: [(name: String, module: Module)] = findChildren()

    private func findChildren() -> [(name: String, module: Module)] {
        members.flatMap { name, member -> [(String, Module)] in
            if let module = member as? Module { return [(name, module)] }
            guard let list = member as? [Module] else { return [] }
            return list.enumerated().map { ("\(name).\($0.offset)", $0.element) }
        }
    }

    /// `runningMean` → `running_mean`.
    private static func key(_ label: String) -> String {
        label.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}

/// A module that maps one tensor to one tensor.
public protocol Layer: Module {
    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor
}

/// Layers applied one after the other.
public final class Sequential: Module, Layer {
    let layers: [any Layer]

    public init(_ layers: [any Layer]) {
        self.layers = layers
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try LayerChain.apply(layers, to: input)
    }
}
