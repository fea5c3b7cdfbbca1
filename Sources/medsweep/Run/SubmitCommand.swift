import ArgumentParser
import Foundation
import Wire

/// `medsweep submit`
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Hands a sweep file to a running coordinator.",
        discussion: """
            Submitting again under the same name after an edit adds what is new, reuses what is finished and withdraws \
            pending jobs that are no longer asked for. Data sets are known by the workers that have them, or by --data.

            Example: medsweep submit sweep.yaml "seed=range(0,5)" --coordinator http://host:7733
            """)

    @OptionGroup var source: SweepSource
    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let (sweep, request) = try source.request()
        try source.tellEntries(of: sweep) { if !json { Terminal.note($0) } }
        let response = try await connection.withClient { client in try await client.submit(request) }
        if json {
            try Terminal.print(json: response)
            return
        }
        var counts = ["\(response.new) new", "\(response.reused) finished before"]
        if response.queued > 0 { counts.append("\(response.queued) queued already") }
        if response.withdrawn > 0 { counts.append("\(response.withdrawn) withdrawn") }
        try Terminal.print("sweep '\(response.sweep)': \(response.total) jobs: \(counts.joined(separator: ", "))")
    }
}
