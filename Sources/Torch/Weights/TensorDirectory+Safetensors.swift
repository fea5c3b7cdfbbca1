import Foundation

extension TensorDirectory {
    /// Reads the header of a safetensors file; each tensor is a storage of its own.
    static func safetensors(_ source: ByteSource) throws(TorchError) -> TensorDirectory {
        let head = Data(try source.bytes(at: 0, count: min(source.count, 8)))
        let start = try Safetensors.headerEnd(head, fileSize: source.count, name: source.name)
        let header = Data(try source.bytes(at: 8, count: start - 8))
        var directory = TensorDirectory()
        for entry in try Safetensors.layout(header, bodySize: source.count - start, name: source.name).entries {
            let count = entry.size / entry.type.size
            let storage = StorageReference(key: entry.name, type: entry.type, count: count, view: 0..<count)
            var strides = Array(repeating: 1, count: entry.shape.count)
            // Of a tensor without elements the sizes may be anything.
            if count > 0 {
                for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * entry.shape[axis + 1] }
            }
            guard let tensor = StoredTensor(storage, offset: 0, shape: entry.shape, strides: strides) else {
                throw source.broken("'\(entry.name)' has the impossible shape \(entry.shape)")
            }
            directory.tensors.append((entry.name, tensor))
            directory.places[entry.name] = start + entry.offset
        }
        return directory
    }
}
