import CTorch

#if canImport(Glibc)
import Glibc
#endif

/// An argument of an operator.
public enum Argument {
    case tensor(Tensor)
    case tensors([Tensor])
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case integers([Int])
    case generator(Generator)
    case device(Device)
    case dataType(DataType)
    /// An optional argument left out.
    case none

    /// A tensor, or an optional argument left out.
    public static func optional(_ tensor: Tensor?) -> Argument { tensor.map { .tensor($0) } ?? .none }
}

/// An ATen operator, found by name once and called through the dispatcher.
public struct Operator: @unchecked Sendable {
    private let found: Result<OpaquePointer, TorchError>

    /// - Parameters:
    ///   - name: without `aten::`, e.g. `convolution`.
    ///   - overload: e.g. `generator`; mostly empty.
    public init(_ name: String, _ overload: String = "") {
        var result: OpaquePointer?
        do {
            try checked { ct_operator_find(name, overload, &result, $0) }
            found = .success(result!)
        } catch {
            found = .failure(error)
        }
    }

    /// Whether this libtorch has the operator.
    public var exists: Bool { (try? found.get()) != nil }

    /// Calls the operator and returns all its tensors.
    /// - Throws: ``TorchError`` with libtorch's message: a wrong shape, type or device, or a missing argument.
    public func call(
        _ arguments: [Argument], named: [(StaticString, Argument)] = []
    ) throws(TorchError) -> [Tensor] {
        try run(arguments, named).tensors
    }

    /// Calls an operator that returns one tensor.
    public func callAsFunction(
        _ arguments: Argument..., named: [(StaticString, Argument)] = []
    ) throws(TorchError) -> Tensor {
        let results = try run(arguments, named).tensors
        guard results.count == 1 else { throw TorchError("the operator returned \(results.count) tensors, not one") }
        return results[0]
    }

    private func run(
        _ arguments: [Argument], _ named: [(StaticString, Argument)]
    ) throws(TorchError) -> (tensors: [Tensor], scalar: Double) {
        let handle = try found.get()
        var frame = CallFrame()
        for argument in arguments { frame.append(argument, name: nil) }
        for (name, argument) in named { frame.append(argument, name: name) }
        // The frame holds bare pointers; the objects behind them live until the call is over.
        return try withExtendedLifetime((arguments, named)) { () throws(TorchError) in
            try frame.call(handle)
        }
    }
}

/// The arguments of one call in C's form.
private struct CallFrame {
    private var values: [ct_value] = []
    private var integers: [Int64] = []
    private var tensors: [OpaquePointer?] = []
    private var texts: [UnsafeMutablePointer<CChar>] = []

    mutating func append(_ argument: Argument, name: StaticString?) {
        var value = ct_value()
        value.name = name.map { UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self) }
        switch argument {
        case .tensor(let tensor):
            value.kind = CT_TENSOR
            value.tensor = tensor.handle
        case .tensors(let list):
            value.kind = CT_TENSOR_LIST
            value.count = list.count
            value.integer = Int64(tensors.count)
            tensors += list.map { $0.handle }
        case .integer(let integer):
            value.kind = CT_INTEGER
            value.integer = Int64(integer)
        case .number(let number):
            value.kind = CT_NUMBER
            value.number = number
        case .boolean(let flag):
            value.kind = CT_BOOLEAN
            value.integer = flag ? 1 : 0
        case .integers(let list):
            value.kind = CT_INTEGER_LIST
            value.count = list.count
            value.integer = Int64(integers.count)
            for integer in list { integers.append(Int64(integer)) }
        case .generator(let generator):
            value.kind = CT_GENERATOR
            value.generator = generator.handle
        case .device(let device):
            value.kind = CT_DEVICE
            let text = strdup(device.name)!
            texts.append(text)
            value.text = UnsafePointer(text)
        case .dataType(let type):
            value.kind = CT_INTEGER
            value.integer = Int64(type.rawValue)
        case .none:
            value.kind = CT_NONE
        }
        values.append(value)
    }

    mutating func call(_ handle: OpaquePointer) throws(TorchError) -> (tensors: [Tensor], scalar: Double) {
        defer { for text in texts { free(text) } }
        var count = 0
        var scalar = 0.0
        var results: [OpaquePointer?] = Array(repeating: nil, count: 8)
        var failure: TorchError?
        integers.withUnsafeBufferPointer { integerArena in
            tensors.withUnsafeBufferPointer { tensorArena in
                // List arguments carry their place in the arenas until the arenas stop growing.
                for index in values.indices {
                    if values[index].kind == CT_INTEGER_LIST, let base = integerArena.baseAddress {
                        values[index].integers = base + Int(values[index].integer)
                    } else if values[index].kind == CT_TENSOR_LIST, let base = tensorArena.baseAddress {
                        values[index].tensors = base + Int(values[index].integer)
                    }
                }
                do throws(TorchError) {
                    try checked {
                        ct_call(handle, values, values.count, &results, results.count, &count, &scalar, $0)
                    }
                } catch {
                    failure = error
                }
            }
        }
        // Whatever came out before a failure is owned here.
        let given = results.prefix(count).map { Tensor(handle: $0!) }
        if let failure { throw failure }
        return (given, scalar)
    }
}
