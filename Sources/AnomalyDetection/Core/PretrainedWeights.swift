import Foundation

/// The files of pretrained weights that a worker has, by their names in the catalogue, e.g. `vgg19`. Whoever fills it
/// has checked each file's SHA-256.
public struct PretrainedWeights: Codable, Sendable, Hashable {
    private let files: [String: URL]

    public init(_ files: [String: URL] = [:]) { self.files = files }

    /// The file with the weights called `name`.
    /// - Throws: ``TrainingError`` when this machine does not have them.
    public func file(_ name: String) throws(TrainingError) -> URL {
        guard let file = files[name] else {
            throw TrainingError(
                "the pretrained weights '\(name)' are not on this machine; add them with medsweep weights add FILE")
        }
        return file
    }
}
