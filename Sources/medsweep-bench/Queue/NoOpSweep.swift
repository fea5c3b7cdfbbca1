import Datasets
import Foundation

/// Grids of jobs that nobody trains, and the data set of the least size that passes for one.
struct NoOpSweep {
    static let dataset = "colin27-axial"
    let dataFolder: URL
    let fingerprint: String
    private let folder: URL

    init(folder: URL) throws {
        self.folder = folder
        dataFolder = folder.appending(path: "data")
        let root = dataFolder.appending(path: Self.dataset)
        let images = root.appending(path: "images")
        try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
        for name in ["a", "b", "c", "d"] { try Data(name.utf8).write(to: images.appending(path: "\(name).png")) }
        try Data(#"{"train": {"0": ["a.png", "b.png"]}, "test": {"0": ["c.png"], "1": ["d.png"]}}"#.utf8)
            .write(to: root.appending(path: "data.json"))
        fingerprint = try ImageFolder.open(root, name: Self.dataset).fingerprint()
    }

    /// The file of a sweep of `jobs` jobs.
    func file(jobs: Int) throws -> URL {
        let file = folder.appending(path: "\(Self.name(jobs: jobs)).yaml")
        try Data(
            "sweep: \(Self.name(jobs: jobs))\nmatrix: {method: ae, dataset: \(Self.dataset), seed: \"range(0, \(jobs))\"}\n".utf8
        ).write(to: file)
        return file
    }

    static func name(jobs: Int) -> String { "noop-\(jobs)" }
}
