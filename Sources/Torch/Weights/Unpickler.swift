/// Reads Python's pickles as far as files of tensors need them: numbers, texts, lists, dictionaries and the few names of
/// ``PickleGlobal``. A pickle is a program for a machine with a stack; this machine has no instruction that runs
/// anything, and refuses a pickle with any other instruction or name.
final class Unpickler {
    /// The bytes that hold the pickles; nothing beyond them is read.
    private let bytes: ArraySlice<UInt8>
    /// Where the next instruction is, counted from the beginning of `bytes`.
    private(set) var position = 0
    private let source: ByteSource
    private var stack: [PickleValue] = []
    /// Where in the stack the groups begin that are under way.
    private var marks: [Int] = []
    private var memo: [UInt32: PickleValue] = [:]
    /// Everything that may refer to itself.
    private var lists: [PickledList] = []
    private var dictionaries: [PickledDictionary] = []
    private var steps = 0

    /// The most bytes in which a file's pickles are sought: a state dictionary of 10,000 tensors has some 2 MiB.
    static let sizeLimit = 16 << 20
    private static let stepLimit = 4 << 20
    private static let depthLimit = 32

    init(_ bytes: ArraySlice<UInt8>, source: ByteSource) {
        self.bytes = bytes
        self.source = source
    }

    /// Values are good until then.
    deinit {
        // One by one, or a chain of a million lists would be let go of in a recursion as deep.
        for list in lists { list.elements = [] }
        for dictionary in dictionaries { dictionary.removeAll() }
    }

    private func broken(_ reason: String) -> TorchError { source.broken(reason) }

    /// Runs the next pickle to its end and returns its value.
    func load() throws(TorchError) -> PickleValue {
        stack = []
        marks = []
        memo = [:]
        while true {
            steps += 1
            guard steps <= Self.stepLimit else { throw broken("it has more than \(Self.stepLimit) pickle instructions") }
            let code = try byte()
            if code == UInt8(ascii: ".") {
                let value = try pop()
                guard stack.isEmpty, marks.isEmpty else { throw broken("its pickle ends in the middle of something") }
                return value
            }
            guard let operation = Operation(rawValue: code) else {
                throw broken("its pickle has the instruction 0x\(String(code, radix: 16)), which files of tensors are not made of")
            }
            try perform(operation)
        }
    }

    // MARK: Instructions

    private enum Operation: UInt8 {
        case proto = 0x80
        case none = 0x4E, newTrue = 0x88, newFalse = 0x89
        case int = 0x4A, int1 = 0x4B, int2 = 0x4D, long1 = 0x8A, float = 0x47
        case unicode = 0x58, string = 0x54, shortString = 0x55
        case emptyTuple = 0x29, tuple = 0x74, tuple1 = 0x85, tuple2 = 0x86, tuple3 = 0x87
        case emptyList = 0x5D, append = 0x61, appends = 0x65
        case emptyDictionary = 0x7D, setItem = 0x73, setItems = 0x75
        case mark = 0x28
        case put = 0x71, longPut = 0x72, get = 0x68, longGet = 0x6A
        case global = 0x63, reduce = 0x52, newObject = 0x81, build = 0x62, persistentIdentity = 0x51
    }

    private func perform(_ operation: Operation) throws(TorchError) {
        switch operation {
        case .proto:
            let version = try byte()
            guard version <= 3 else { throw broken("its pickle has protocol \(version); save it with torch.save's own, 2") }
        case .none: stack.append(.none)
        case .newTrue: stack.append(.boolean(true))
        case .newFalse: stack.append(.boolean(false))
        case .int: stack.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
        case .int1: stack.append(.integer(Int(try number(1))))
        case .int2: stack.append(.integer(Int(try number(2))))
        case .long1: stack.append(.integer(try long()))
        case .float: stack.append(.number(Double(bitPattern: try number(8).byteSwapped)))
        case .unicode, .string: stack.append(.text(try text(Int(try number(4)))))
        case .shortString: stack.append(.text(try text(Int(try number(1)))))
        case .emptyTuple: stack.append(.tuple([], depth: 1))
        case .tuple: try pushTuple(popGroup())
        case .tuple1: try pushTuple(pop(1))
        case .tuple2: try pushTuple(pop(2))
        case .tuple3: try pushTuple(pop(3))
        case .emptyList: stack.append(.list(newList()))
        case .append:
            let value = try pop()
            try topList().elements.append(value)
        case .appends:
            let values = try popGroup()
            try topList().elements += values
        case .emptyDictionary: stack.append(.dictionary(newDictionary()))
        case .setItem: try setItems(pop(2))
        case .setItems: try setItems(popGroup())
        case .mark: marks.append(stack.count)
        case .put: memo[UInt32(try number(1))] = try top()
        case .longPut: memo[UInt32(try number(4))] = try top()
        case .get: try stack.append(remembered(UInt32(number(1))))
        case .longGet: try stack.append(remembered(UInt32(number(4))))
        case .global: try pushGlobal()
        case .reduce:
            let arguments = try pop()
            let function = try pop()
            stack.append(try called(function, with: arguments))
        case .newObject:
            let arguments = try pop()
            let type = try pop()
            stack.append(try called(type, with: arguments))
        case .build:
            let state = try pop()
            try build(try top(), from: state)
        case .persistentIdentity: stack.append(.storage(try storage(pop())))
        }
    }

    private func setItems(_ items: [PickleValue]) throws(TorchError) {
        guard let dictionary = try top().dictionaryValue, items.count.isMultiple(of: 2) else {
            throw broken("its pickle puts items into something that is no dictionary")
        }
        for index in stride(from: 0, to: items.count, by: 2) { try insert(items[index], items[index + 1], into: dictionary) }
    }

    private func insert(_ key: PickleValue, _ value: PickleValue, into dictionary: PickledDictionary) throws(TorchError) {
        let isNew: Bool
        switch key {
        case .text(let name): isNew = dictionary.insert(.text(name), value)
        case .integer(let number): isNew = dictionary.insert(.integer(number), value)
        default: throw broken("a dictionary in it has \(key.kind) for a key")
        }
        guard isNew else { throw broken("the key '\(key.textValue ?? "\(key.integerValue ?? 0)")' is in it twice") }
    }

    private func pushTuple(_ elements: [PickleValue]) throws(TorchError) {
        var depth = 1
        for case .tuple(_, let inner) in elements { depth = max(depth, inner + 1) }
        guard depth <= Self.depthLimit else { throw broken("its tuples are nested more than \(Self.depthLimit) deep") }
        stack.append(.tuple(elements, depth: depth))
    }

    private func pushGlobal() throws(TorchError) {
        let module = try line()
        let name = try line()
        guard let global = PickleGlobal(module: module, name: name) else {
            throw broken("it names '\(module).\(name)', which files of tensors are not made of; nothing of it was executed")
        }
        stack.append(.global(global))
    }

    // MARK: What names stand for

    private func called(_ function: PickleValue, with arguments: PickleValue) throws(TorchError) -> PickleValue {
        guard case .global(let global) = function, case .tuple(let arguments, _) = arguments else {
            throw broken("its pickle calls \(function.kind) with \(arguments.kind)")
        }
        switch (global, arguments.count) {
        case (.orderedDictionary, 0...1):
            let dictionary = newDictionary()
            // Python 2 hands over all pairs at once.
            for pair in arguments.first?.elements ?? [] {
                guard let pair = pair.elements, pair.count == 2 else { throw broken("an OrderedDict in it is not made of pairs") }
                try insert(pair[0], pair[1], into: dictionary)
            }
            return .dictionary(dictionary)
        case (.size, 1):
            guard let elements = arguments[0].elements else { throw broken("a size in it is \(arguments[0].kind)") }
            return .tuple(elements, depth: 1)
        case (.rebuildTensor, 4), (.rebuildTensorWithGradient, 6...7):
            return .tensor(PickledTensor(try tensor(arguments)))
        case (.rebuildParameter, 3):
            guard let tensor = arguments[0].tensorValue else { throw broken("a parameter in it is \(arguments[0].kind)") }
            return .tensor(PickledTensor(tensor))
        case (.parameter, 0...2):
            return .tensor(PickledTensor(arguments.first?.tensorValue))
        case (.tensor, 0): return .tensor(PickledTensor())
        default: throw broken("it calls '\(global)' with \(arguments.count) arguments, which is not how tensors are saved")
        }
    }

    /// What follows an object that was made empty. Only for tensors and parameters of PyTorch 0.1 does it matter.
    private func build(_ object: PickleValue, from state: PickleValue) throws(TorchError) {
        switch object {
        case .dictionary: return
        case .tensor(let target):
            guard case .tuple(let parts, _) = state else { throw broken("a tensor in it is made of \(state.kind)") }
            switch parts.count {
            case 4: target.tensor = try tensor(parts)
            case 5:
                guard let tensor = parts[0].tensorValue else { throw broken("a parameter in it is \(parts[0].kind)") }
                target.tensor = tensor
            default: guard parts.count == 3, target.tensor != nil else { throw broken("a tensor in it is made of \(parts.count) parts") }
            }
        default: throw broken("its pickle fills \(object.kind)")
        }
    }

    /// A tensor of storage, offset, shape and strides.
    private func tensor(_ parts: [PickleValue]) throws(TorchError) -> StoredTensor {
        guard case .storage(let storage) = parts[0] else { throw broken("a tensor in it lies in \(parts[0].kind), not in a storage") }
        guard let offset = parts[1].integerValue, let shape = parts[2].integers, let strides = parts[3].integers else {
            throw broken("a tensor in it has no shape")
        }
        guard let tensor = StoredTensor(storage, offset: offset, shape: shape, strides: strides) else {
            throw broken(
                "a tensor in it of shape \(shape) and strides \(strides) does not fit into its storage of \(storage.view.count) elements")
        }
        return tensor
    }

    private func storage(_ identity: PickleValue) throws(TorchError) -> StorageReference {
        guard case .tuple(let parts, _) = identity, parts.count == 5 || parts.count == 6, parts[0].textValue == "storage",
            case .global(.storage(let type)) = parts[1], let key = parts[2].textValue, let count = parts[4].integerValue, count >= 0
        else { throw broken("it refers to something outside of its pickle that is no storage") }
        guard count <= source.count / type.size else {
            throw broken("its storage '\(key)' of \(count) elements is longer than the whole file")
        }
        var view = 0..<count
        if parts.count == 6, let metadata = parts[5].elements {
            guard metadata.count == 3, let offset = metadata[1].integerValue, let length = metadata[2].integerValue, offset >= 0,
                length >= 0, offset <= count, length <= count - offset
            else { throw broken("a view of its storage '\(key)' does not lie in it") }
            view = offset..<offset + length
        }
        return StorageReference(key: key, type: type, count: count, view: view)
    }

    // MARK: Stack

    private func newList() -> PickledList {
        let list = PickledList()
        lists.append(list)
        return list
    }

    private func newDictionary() -> PickledDictionary {
        let dictionary = PickledDictionary()
        dictionaries.append(dictionary)
        return dictionary
    }

    private func top() throws(TorchError) -> PickleValue {
        guard let value = stack.last, stack.count > marks.last ?? 0 else { throw broken("its pickle uses more than it has made") }
        return value
    }

    private func topList() throws(TorchError) -> PickledList {
        guard case .list(let list) = try top() else { throw broken("its pickle appends to something that is no list") }
        return list
    }

    private func pop() throws(TorchError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private func pop(_ count: Int) throws(TorchError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw broken("its pickle uses more than it has made") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private func popGroup() throws(TorchError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw broken("its pickle ends a group that never began") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private func remembered(_ key: UInt32) throws(TorchError) -> PickleValue {
        guard let value = memo[key] else { throw broken("its pickle repeats value \(key), which it never made") }
        return value
    }

    // MARK: Bytes

    private func take(_ count: Int) throws(TorchError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - position else { throw broken("its pickle breaks off") }
        defer { position += count }
        let start = bytes.startIndex + position
        return bytes[start..<start + count]
    }

    private func byte() throws(TorchError) -> UInt8 { try take(1).first! }

    private func number(_ width: Int) throws(TorchError) -> UInt64 { try take(width).number(at: 0, width: width) }

    /// A whole number in two's complement of up to eight bytes.
    private func long() throws(TorchError) -> Int {
        let width = Int(try byte())
        guard width <= 8 else { throw broken("a number in it has \(width) bytes") }
        guard width > 0 else { return 0 }
        let shift = UInt64(64 - 8 * width)
        return Int(Int64(bitPattern: try number(width) << shift) >> Int64(shift))
    }

    private func text(_ count: Int) throws(TorchError) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw broken("a text in it is not UTF-8") }
        return text
    }

    private func line() throws(TorchError) -> String {
        let rest = bytes.dropFirst(position).prefix(256)
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw broken("a name in it has no end") }
        let line = try text(end - rest.startIndex)
        position += 1
        return line
    }
}
