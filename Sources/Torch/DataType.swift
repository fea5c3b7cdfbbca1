/// The element types in use, by libtorch's `ScalarType` numbers.
public enum DataType: Int32, Sendable {
    case byte = 0
    case int64 = 4
    case float = 6
    case double = 7
    case boolean = 11

    /// The name in a safetensors header.
    var safetensorsName: String {
        switch self {
        case .byte: "U8"
        case .int64: "I64"
        case .float: "F32"
        case .double: "F64"
        case .boolean: "BOOL"
        }
    }

    /// Bytes an element.
    public var size: Int {
        switch self {
        case .byte, .boolean: 1
        case .float: 4
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
