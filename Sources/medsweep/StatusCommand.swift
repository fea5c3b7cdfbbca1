import ArgumentParser
import Foundation
import Wire

/// `medsweep status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows how sweeps stand: what is done, runs and failed.",
        discussion: "Example: medsweep status demo --coordinator http://host:7733 --watch")

    @Argument(help: "The sweep's name; all sweeps when left out.")
    var sweep: String?

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Go on until every job has ended. Exit code 1: some failed for good.")
    var watch = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if watch, sweep == nil { throw ValidationError("--watch needs the name of a sweep") }
    }

    func run() async throws {
        let command = self
        let failed = try await connection.withClient { client in
            guard let sweep = command.sweep else {
                let list = try await client.sweeps()
                if command.json {
                    Terminal.print(String(decoding: try WireCoding.encode(list), as: UTF8.self))
                } else if list.sweeps.isEmpty {
                    Terminal.note("there are no sweeps yet; submit one with `medsweep submit FILE`")
                } else {
                    Terminal.print(list.sweeps.map(StatusText.full).joined(separator: "\n"))
                }
                return 0
            }
            var line = ProgressLine()
            var status = try await client.sweep(sweep)
            while command.watch, !status.isFinished {
                line.show(StatusText.line(status))
                try await Task.sleep(for: .seconds(1))
                status = try await client.sweep(sweep)
            }
            line.clear()
            Terminal.print(
                command.json ? String(decoding: try WireCoding.encode(status), as: UTF8.self) : StatusText.full(status))
            return command.watch ? status.jobs[.quarantined, default: 0] : 0
        }
        if failed > 0 { throw Failure(.jobsFailed, "\(failed) jobs failed for good") }
    }
}
