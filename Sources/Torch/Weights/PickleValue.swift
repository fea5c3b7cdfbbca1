/// A value on the stack of the ``Unpickler``.
enum PickleValue {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    /// `depth`: tuples within tuples.
    case tuple([PickleValue], depth: Int)
    case list(PickledList)
    case dictionary(PickledDictionary)
    case global(PickleGlobal)
    case storage(StorageReference)
    case tensor(PickledTensor)

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .boolean: "a truth value"
        case .integer, .number: "a number"
        case .text: "a text"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .global(let global): "'\(global)'"
        case .storage: "a storage"
        case .tensor: "a tensor"
        }
    }

    var integerValue: Int? { if case .integer(let value) = self { value } else { nil } }
    var textValue: String? { if case .text(let value) = self { value } else { nil } }
    var dictionaryValue: PickledDictionary? { if case .dictionary(let value) = self { value } else { nil } }
    var tensorValue: StoredTensor? { if case .tensor(let value) = self { value.tensor } else { nil } }

    /// The elements of a tuple or list.
    var elements: [PickleValue]? {
        switch self {
        case .tuple(let elements, _): elements
        case .list(let list): list.elements
        default: nil
        }
    }

    /// The elements of a tuple or list of whole numbers.
    var integers: [Int]? {
        guard let elements else { return nil }
        let integers = elements.compactMap(\.integerValue)
        return integers.count == elements.count ? integers : nil
    }
}

/// A list, which may be filled after others have come to know it.
final class PickledList {
    var elements: [PickleValue] = []
}

/// A dictionary, which may be filled after others have come to know it.
final class PickledDictionary {
    enum Key: Hashable {
        case text(String)
        case integer(Int)
    }

    private(set) var entries: [(key: Key, value: PickleValue)] = []
    private var places: [Key: Int] = [:]

    /// - Returns: whether the key is new; otherwise nothing is changed.
    func insert(_ key: Key, _ value: PickleValue) -> Bool {
        guard places.updateValue(entries.count, forKey: key) == nil else { return false }
        entries.append((key, value))
        return true
    }

    subscript(name: String) -> PickleValue? { places[.text(name)].map { entries[$0].value } }

    func removeAll() {
        entries = []
        places = [:]
    }
}

/// A tensor or parameter; PyTorch 0.1 makes it first and says later what is in it.
final class PickledTensor {
    var tensor: StoredTensor?
    init(_ tensor: StoredTensor? = nil) { self.tensor = tensor }
}

/// The classes and functions that a file of weights may name. None is ever called: each stands for what this reader
/// does itself.
enum PickleGlobal: Equatable, CustomStringConvertible {
    case orderedDictionary
    case size
    case parameter
    case rebuildParameter
    case rebuildTensor
    case rebuildTensorWithGradient
    case storage(DataType)
    case tensor(DataType)

    /// - Returns: `nil` for anything that files of tensors are not made of.
    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch", "Size"): self = .size
        case ("torch.nn.parameter", "Parameter"): self = .parameter
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorWithGradient
        case ("torch", _), ("torch.cuda", _):
            if let type = DataType.allCases.first(where: { "\($0.pickleName)Storage" == name }) {
                self = .storage(type)
            } else if let type = DataType.allCases.first(where: { "\($0.pickleName)Tensor" == name }) {
                self = .tensor(type)
            } else {
                return nil
            }
        default: return nil
        }
    }

    var description: String {
        switch self {
        case .orderedDictionary: "collections.OrderedDict"
        case .size: "torch.Size"
        case .parameter: "torch.nn.parameter.Parameter"
        case .rebuildParameter: "torch._utils._rebuild_parameter"
        case .rebuildTensor: "torch._utils._rebuild_tensor"
        case .rebuildTensorWithGradient: "torch._utils._rebuild_tensor_v2"
        case .storage(let type): "torch.\(type.pickleName)Storage"
        case .tensor(let type): "torch.\(type.pickleName)Tensor"
        }
    }
}
