import AnomalyDetection
import ArgumentParser
import Catalogue
import Datasets
import Foundation

/// `medsweep-bench exhaust`: a job that no device has memory for, in a process of its own.
struct ExhaustCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exhaust", abstract: "Runs a job that does not fit and tells how it ends.", shouldDisplay: false)

    @Option(help: "The folder that `medsweep data demo` prepared.")
    var data: String

    @Option(help: "The device.")
    var device: String

    func run() throws {
        let folder = URL(filePath: data).appending(path: "colin27-axial")
        let work = URL.temporaryDirectory.appending(path: "medsweep-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        guard let method = Catalogue.method("ae") else { throw BenchError("there is no method 'ae'") }
        let name = folder.lastPathComponent
        // All training images in one batch, whose first map alone has half a GiB an image.
        let settings = method.resolve(
            ["input_size": 1024, "width": 32, "hidden_size": 1, "batch_size": 65_536], for: Catalogue.dataset(name) ?? .custom(name))
        let job = JobDescription(
            method: method.name, configuration: settings, dataset: name,
            fingerprint: try ImageFolder.open(folder, name: name).fingerprint(), seed: 0)
        let request = TrainingRequest(
            job: job, dataFolder: folder, cacheDirectory: work.appending(path: "cache"), workDirectory: work, device: device)
        do {
            _ = try JobRunner.run(request, report: { _ in }, shouldStop: { false })
        } catch let error as TrainingError where error.kind == .outOfMemory {
            print("ends as it should: \(error)")
            return
        }
        throw BenchError("the job fitted, or ended otherwise")
    }
}
