import ArgumentParser
import Foundation
import Wire

/// `medsweep job`
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Shows one job: its settings, every attempt and its result.",
        discussion: """
            With the last lines of the log of the last attempt that failed, or with --log of every attempt.

            Example: medsweep job 1f0c9a3b --log
            """)

    @Argument(help: "The job's identity; its first 8 digits are enough.")
    var job: String

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Show the end of every attempt's log.")
    var log = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { _ = try JobReference.parse(job) }

    func run() async throws {
        let command = self
        let detail = try await connection.withClient { client in try await client.job(JobReference.parse(command.job)) }
        try Terminal.print(
            json
                ? String(decoding: try WireCoding.encode(detail), as: UTF8.self)
                : JobText(detail: detail, now: Date().timeIntervalSince1970, allLogs: log).full, isJSON: json)
    }
}
