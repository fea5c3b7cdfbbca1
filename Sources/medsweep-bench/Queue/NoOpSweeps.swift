import Datasets
import Foundation

/// Makes grids of jobs that nobody trains, and the data set of the least size that passes for one.
final class NoOpSweeps {
    static let dataset = "colin27-axial"
    let dataFolder: URL
    let fingerprint: String
    private let folder: URL
    private var nextSeed = 0

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

    /// Writes a sweep of `jobs` jobs. No two hold the same job: a store that several runs share would not queue it again.
    func make(jobs: Int) throws -> NoOpSweep {
        let name = "noop-\(nextSeed)"
        let file = folder.appending(path: "\(name).yaml")
        let seeds = "range(\(nextSeed), \(nextSeed + jobs))"
        try Data("sweep: \(name)\nmatrix: {method: ae, dataset: \(Self.dataset), seed: \"\(seeds)\"}\n".utf8).write(to: file)
        nextSeed += jobs
        return NoOpSweep(name: name, file: file, jobs: jobs)
    }
}
