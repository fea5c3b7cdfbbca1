import Foundation

/// A file of named tensors of unknown origin: PyTorch's `.pth` in both of its forms, or safetensors. What it holds is
/// known once it is opened; the bytes of a tensor are read when it is asked for.
///
/// A `.pth` file is a Python program that makes the tensors. Here it is only read, by a machine that knows the few
/// words such a program needs and refuses every other (see ``Unpickler``). PyTorch checks its archives by CRC-32;
/// here that is left to whoever compares the file's SHA-256.
public struct WeightsFile {
    private let source: ByteSource
    private let directory: TensorDirectory

    /// - Throws: ``TorchError``, one sentence that names the file and what is wrong with it.
    public init(_ file: URL) throws(TorchError) {
        try self.init(ByteSource(file))
    }

    /// - Parameter name: what to call the file in messages.
    init(_ bytes: [UInt8], name: String) throws(TorchError) {
        try self.init(ByteSource(bytes, name: name))
    }

    private init(_ source: ByteSource) throws(TorchError) {
        self.source = source
        let head = try source.bytes(at: 0, count: min(source.count, TensorDirectory.streamPrefix.count))
        if head.starts(with: Array("PK".utf8)) {
            directory = try .archive(source)
        } else if head == TensorDirectory.streamPrefix {
            directory = try .stream(source)
        } else if head.count > 8, head[8] == UInt8(ascii: "{") {
            directory = try .safetensors(source)
        } else {
            throw source.broken("it is neither a file of torch.save nor of safetensors")
        }
    }

    /// The names of the tensors, in the file's order.
    public var names: [String] { directory.tensors.map(\.name) }

    /// The shape of a tensor.
    public func shape(of name: String) -> [Int]? { directory.tensors.first { $0.name == name }?.tensor.shape }

    /// Reads tensors. Those that share their elements in the file share them here too.
    /// - Parameter isWanted: says of a name whether its tensor is read.
    /// - Throws: ``TorchError`` that names the file.
    public func tensors(where isWanted: (String) -> Bool = { _ in true }) throws(TorchError) -> [String: Tensor] {
        var storages: [String: Tensor] = [:]
        var result: [String: Tensor] = [:]
        for (name, stored) in directory.tensors where isWanted(name) {
            let key = stored.storage.key
            let storage = if let known = storages[key] { known } else { try read(stored.storage) }
            storages[key] = storage
            result[name] = try storage.viewed(stored.shape, strides: stored.strides, offset: stored.offset)
        }
        return result
    }

    private func read(_ storage: StorageReference) throws(TorchError) -> Tensor {
        let result = try Tensor.zeros([storage.count], type: storage.type)
        guard storage.count > 0, let place = directory.places[storage.key] else { return result }
        do {
            try result.withUnsafeBytes { try source.read(at: place, into: $0) }
        } catch {
            throw error as? TorchError ?? source.broken("\(error)")
        }
        return result
    }
}
