/// The element types in use, by libtorch's `ScalarType` numbers.
public enum DataType: Int32, Sendable {
    case byte = 0
    case int8 = 1
    case int16 = 2
    case int32 = 3
    case int64 = 4
    case half = 5
    case float = 6
    case double = 7
    case boolean = 11
    case bfloat16 = 15

    /// The name in a safetensors header.
    var safetensorsName: String {
        switch self {
        case .byte: "U8"
        case .int8: "I8"
        case .int16: "I16"
        case .int32: "I32"
        case .int64: "I64"
        case .half: "F16"
        case .float: "F32"
        case .double: "F64"
        case .boolean: "BOOL"
        case .bfloat16: "BF16"
        }
    }

    /// The name in PyTorch's classes of tensors and storages, e.g. `Float` of `torch.FloatStorage`.
    var pickleName: String {
        switch self {
        case .byte: "Byte"
        case .int8: "Char"
        case .int16: "Short"
        case .int32: "Int"
        case .int64: "Long"
        case .half: "Half"
        case .float: "Float"
        case .double: "Double"
        case .boolean: "Bool"
        case .bfloat16: "BFloat16"
        }
    }

    /// Bytes an element.
    public var size: Int {
        switch self {
        case .byte, .int8, .boolean: 1
        case .int16, .half, .bfloat16: 2
        case .int32, .float: 4
        case .int64, .double: 8
        }
    }
}

extension DataType: CaseIterable {}

/// A Swift type that tensors can be made of and read back as.
public protocol TensorElement: BitwiseCopyable, Sendable {
    static var dataType: DataType { get }
}

extension UInt8: TensorElement { public static var dataType: DataType { .byte } }
extension Int64: TensorElement { public static var dataType: DataType { .int64 } }
extension Float: TensorElement { public static var dataType: DataType { .float } }
extension Double: TensorElement { public static var dataType: DataType { .double } }
