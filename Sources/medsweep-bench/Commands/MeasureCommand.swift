import ArgumentParser
import Foundation

/// `medsweep-bench measure`: what other commands run in processes of its own.
struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measures one method as a manifest describes it and prints JSON.", shouldDisplay: false)

    @ArgumentParser.Argument(help: "The manifest's file.")
    var manifest: String

    @Option(help: "Print the losses of so many epochs instead.")
    var losses: Int?

    func run() throws {
        let workload = try JSONDecoder().decode(Workload.self, from: Data(contentsOf: URL(filePath: manifest)))
        let run = try WorkloadRun(workload)
        let encoder = JSONEncoder()
        let data = if let losses { try encoder.encode(run.losses(epochs: losses)) } else { try encoder.encode(run.measure()) }
        print(String(decoding: data, as: UTF8.self))
    }
}
