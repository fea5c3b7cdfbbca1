extension TensorDirectory {
    /// The first bytes of the older form: a pickle of the number 0x1950A86A20F9469CFC6C.
    static let streamPrefix: [UInt8] = [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]

    /// Reads what `torch.save` of version 1.6 and later writes: a zip archive of a pickle `data.pkl` and one entry
    /// `data/KEY` a storage.
    static func archive(_ source: ByteSource) throws(TorchError) -> TensorDirectory {
        let entries = try ZipDirectory(source).entries
        guard let pickle = entries.values.filter({ $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }).min(by: { $0.name.count < $1.name.count })
        else { throw source.broken("it is a zip archive without data.pkl, not one of torch.save's") }
        let root = pickle.name.dropLast("data.pkl".count)
        if let order = entries["\(root)byteorder"], try source.bytes(at: order.offset, count: min(order.count, 16)) != Array("little".utf8) {
            throw source.broken("its numbers are big-endian; save it on an ordinary computer")
        }
        if entries["\(root)constants.pkl"] != nil {
            throw source.broken("it is a TorchScript program; save the model's state_dict() with torch.save instead")
        }
        guard pickle.count <= Unpickler.sizeLimit else { throw source.broken("its pickle has more than \(Unpickler.sizeLimit >> 20) MiB") }
        let unpickler = Unpickler(try source.bytes(at: pickle.offset, count: pickle.count)[...], source: source)
        var directory = TensorDirectory()
        // The machine clears all values as it goes away.
        directory.tensors = try withExtendedLifetime(unpickler) { () throws(TorchError) in
            try tensors(in: unpickler.load(), source: source)
        }
        for storage in try directory.storages(source).values {
            guard let entry = entries["\(root)data/\(storage.key)"] else { throw source.broken("its storage '\(storage.key)' is missing") }
            guard entry.count == storage.count * storage.type.size else {
                throw source.broken("its storage '\(storage.key)' has \(entry.count) bytes, not the \(storage.count * storage.type.size) it should")
            }
            directory.places[storage.key] = entry.offset
        }
        return directory
    }

    /// Reads what `torch.save` wrote before version 1.6: pickles of a magic number, the protocol, the machine, the
    /// value and the keys of its storages, then the storages in this order, each behind its number of elements.
    static func stream(_ source: ByteSource) throws(TorchError) -> TensorDirectory {
        let head = try source.bytes(at: 0, count: min(source.count, Unpickler.sizeLimit))[...]
        let unpickler = Unpickler(head.dropFirst(streamPrefix.count), source: source)
        guard try unpickler.load().integerValue == 1001 else { throw source.broken("its protocol is not 1001, the only one there is") }
        guard case .boolean(true)? = try unpickler.load().dictionaryValue?["little_endian"] else {
            throw source.broken("its numbers are big-endian; save it on an ordinary computer")
        }
        var directory = TensorDirectory()
        directory.tensors = try tensors(in: unpickler.load(), source: source)
        guard let keys = try unpickler.load().elements?.map(\.textValue) else { throw source.broken("the list of its storages is missing") }
        let storages = try directory.storages(source)
        var position = streamPrefix.count + unpickler.position
        for key in keys {
            guard let key, let storage = storages[key] else { throw source.broken("one of its storages is in no tensor") }
            let count = try source.bytes(at: position, count: 8)[...].number(at: 0, width: 8)
            guard count == UInt64(storage.count) else {
                throw source.broken("its storage '\(key)' has \(count) elements, not the \(storage.count) it should")
            }
            position += 8
            let size = storage.count * storage.type.size
            guard size <= source.count - position else { throw source.broken("its storage '\(key)' is cut off; fetch the file again") }
            guard directory.places.updateValue(position, forKey: key) == nil else { throw source.broken("its storage '\(key)' is in it twice") }
            position += size
        }
        for key in storages.keys where directory.places[key] == nil { throw source.broken("its storage '\(key)' is missing") }
        return directory
    }

    /// The tensors of a saved value: a dictionary of tensors by name, or a checkpoint that has one.
    private static func tensors(
        in value: PickleValue, source: ByteSource
    ) throws(TorchError) -> [(name: String, tensor: StoredTensor)] {
        guard let dictionary = value.dictionaryValue else {
            throw source.broken("it holds \(value.kind), not a dictionary of tensors; save the model's state_dict()")
        }
        let candidates = [dictionary] + ["state_dict", "model_state_dict", "model"].compactMap { dictionary[$0]?.dictionaryValue }
        for candidate in candidates {
            var tensors: [(name: String, tensor: StoredTensor)] = []
            for case (.text(let name), .tensor(let box)) in candidate.entries {
                guard let tensor = box.tensor else { throw source.broken("the tensor '\(name)' has no elements") }
                tensors.append((name, tensor))
            }
            if !tensors.isEmpty { return tensors }
        }
        throw source.broken("it holds no dictionary of tensors; save the model's state_dict()")
    }

    /// The storages by key, of which all tensors must say the same.
    private func storages(_ source: ByteSource) throws(TorchError) -> [String: StorageReference] {
        var storages: [String: StorageReference] = [:]
        for (name, tensor) in tensors {
            let storage = tensor.storage
            if let known = storages[storage.key], known.type != storage.type || known.count != storage.count {
                throw source.broken("the tensor '\(name)' sees its storage '\(storage.key)' otherwise than another tensor does")
            }
            storages[storage.key] = storage
        }
        return storages
    }
}
