import ArgumentParser
import Foundation
import Wire

/// `medsweep events`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Prints what happened: who did what to which job or sweep, and when.",
        discussion: """
            The last 50 events, or as many as -n says; with --since everything after an event, whose number --json shows.

            Example: medsweep events --sweep demo --follow
            """)

    @Option(help: "Only events of this sweep.")
    var sweep: String?

    @Option(help: "Only events of this job: its identity or the first 8 or more digits.")
    var job: String?

    @Flag(name: [.short, .long], help: "Go on with what happens until interrupted.")
    var follow = false

    @Option(help: "Only events after the one with this number.")
    var since: Int64?

    @Option(name: [.customShort("n"), .customLong("lines")], help: "At most so many: the last, up to 1000, or with --since the first (default: 50; with --since all).")
    var lines: Int?

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON: an object a line.")
    var json = false

    func validate() throws {
        if let job { _ = try JobReference.parse(job) }
        if let since, since < 0 { throw ValidationError("--since takes the number of an event, from 0") }
        if let lines, lines < 0 || lines > EventReader.pageSize && since == nil {
            throw ValidationError("-n takes a number from 0 to \(EventReader.pageSize); for more go on from an event with --since")
        }
    }

    func run() async throws {
        let command = self
        try await connection.withClient { client in
            let count = command.lines ?? (command.since == nil ? 50 : .max)
            var reader = EventReader(
                client: client, sweep: command.sweep, job: try command.job.map(JobReference.parse),
                after: command.since ?? -Int64(max(1, count)))
            // Not even one is to be shown, but what follows begins after the last.
            if count == 0, command.since == nil { _ = try await reader.next(limit: 1) }
            var left = count
            while left > 0 {
                let events = try await reader.next(limit: left)
                if events.isEmpty { break }
                try command.show(events)
                left -= events.count
            }
            guard command.follow else { return }
            // What has answered once is waited for when it is started anew.
            reader.client.patience = 600
            while true {
                let events = try await reader.next(wait: 30)
                try command.show(events)
                if events.isEmpty { try await Task.sleep(for: .milliseconds(200)) }
            }
        }
    }

    private func show(_ events: [Event]) throws {
        guard !events.isEmpty else { return }
        try Terminal.print(
            try events.map { event in
                json ? String(decoding: try WireCoding.encode(event), as: UTF8.self) : EventText.line(event)
            }.joined(separator: "\n"), isJSON: json)
    }
}
