import ArgumentParser
import Foundation
import Wire

/// `medsweep workers`
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Lists the workers that were heard of lately, what they offer and what they hold.",
        discussion: "Example: medsweep workers --coordinator http://host:7733")

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let list = try await connection.withClient { client in try await client.workers() }
        if json {
            try Terminal.print(json: list)
        } else if list.workers.isEmpty {
            Terminal.note("no worker was heard of lately; start one with `medsweep-worker`")
        } else {
            try Terminal.print(WorkerText.table(list.workers, now: Date().timeIntervalSince1970))
        }
    }
}
