import ArgumentParser
import Client
import Foundation
import Sweep
import Wire

/// `medsweep logs`
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Prints what a job writes: every epoch, remarks of its worker, errors.",
        discussion: """
            Of all its attempts, one after the other; the last 256 KiB are kept. Exit code 1 with --follow: the job ended without \
            a result.

            Example: medsweep logs 1f0c9a3b --follow
            """)

    @Argument(help: "The job's identity; its first 8 digits are enough.")
    var job: String

    @Flag(name: [.short, .long], help: "Go on until the job has ended.")
    var follow = false

    @Option(name: [.customShort("n"), .customLong("lines")], help: "Begin with the last so many lines (default: all).")
    var lines: Int?

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON: an object for each part, with the job's state.")
    var json = false

    func validate() throws {
        _ = try JobReference.parse(job)
        if let lines, lines < 0 { throw ValidationError("-n takes a number from 0") }
    }

    func run() async throws {
        let command = self
        let page = try await connection.withClient { client in
            let job = try JobReference.parse(command.job)
            var client = client
            var page = try await client.log(of: job)
            if let lines = command.lines { page.text = LogsCommand.last(lines, of: page.text) }
            try command.show(page)
            // What has answered once is waited for when it is started anew.
            client.patience = 600
            while command.follow, !page.isEnded {
                page = try await client.log(of: job, after: page.next, wait: 30)
                try command.show(page)
            }
            return page
        }
        if page.text.isEmpty, page.next == 0, !json {
            Terminal.note(page.isEnded ? "the job has ended and wrote no log" : "the job has written nothing yet")
        }
        if follow, page.state != .done {
            throw Failure(.jobsFailed, "the job is \(page.state.rawValue); `medsweep job \(job)` tells why")
        }
    }

    private func show(_ page: LogPage) throws {
        if json {
            try Terminal.print(json: page)
        } else if !page.text.isEmpty {
            try Terminal.print(page.text.plainLines.joined(separator: "\n"))
        }
    }

    /// The last lines of a text that ends with a line's end.
    static func last(_ count: Int, of text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let whole = lines.last == "" ? lines.dropLast() : lines[...]
        return whole.suffix(count).map { "\($0)\n" }.joined()
    }
}
