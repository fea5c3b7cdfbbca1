import ArgumentParser
import Client
import DurableFiles
import Foundation
import Wire

/// `medsweep status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows how sweeps stand: what is done, runs and failed.",
        discussion: "Example: medsweep status --watch --coordinator http://host:7733")

    @Argument(help: "The sweep's name; all sweeps when left out.")
    var sweep: String?

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Go on until every job has ended, on a terminal with all of it on one screen. Exit code 1: some failed for good, or the sweep stopped for that.")
    var watch = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let command = self
        let statuses = try await connection.withClient { client in
            try await command.watch ? command.follow(client) : command.statuses(client)
        }
        if json {
            if sweep == nil { try Terminal.print(json: SweepList(sweeps: statuses)) } else { try Terminal.print(json: statuses[0]) }
        } else if statuses.isEmpty {
            Terminal.note("there are no sweeps yet; submit one with `medsweep submit FILE`")
        } else {
            try Terminal.print(statuses.map(StatusText.full).joined(separator: "\n"))
        }
        guard watch else { return }
        let failed = statuses.reduce(0) { $0 + $1.failedForGood }
        if let stalled = statuses.first(where: { !$0.isFinished && $0.isStalled }) {
            throw Failure(.jobsFailed, "sweep '\(stalled.name)' stopped: \(ControlText.jobs(stalled.failedForGood)) failed for good, which is its limits.max_failed")
        }
        if failed > 0 { throw Failure(.jobsFailed, "\(ControlText.jobs(failed)) failed for good") }
    }

    private func statuses(_ client: CoordinatorClient) async throws -> [SweepStatus] {
        if let sweep { return [try await client.sweep(sweep)] }
        return try await client.sweeps().sweeps
    }

    /// Shows how things stand until every sweep has ended or stopped.
    private func follow(_ client: CoordinatorClient) async throws -> [SweepStatus] {
        let command = self
        // Whatever is wrong at first is wrong for good.
        let first = try await statuses(client)
        guard !json, Terminal.hasScreen else {
            var view = LineView()
            return try await command.follow(client, from: first) { view.show($0) }
        }
        return try await untilStopped {
            let view = ScreenView()
            defer { view.close() }
            return try await command.follow(client, from: first) { try view.show($0) }
        } leaving: {
            ScreenView.restore()
        } atOnce: {
            ScreenView.restore()
        }
    }

    private func follow(
        _ client: CoordinatorClient, from first: [SweepStatus], show: (StatusScreen) throws -> Void
    ) async throws -> [SweepStatus] {
        var client = client
        // A person who watches is told that nothing is heard rather than left to wait.
        client.patience = 0
        var screen = StatusScreen(statuses: first, workers: [], now: Date().timeIntervalSince1970)
        while true {
            do {
                let workers = try await client.workers().workers
                screen = StatusScreen(statuses: try await statuses(client), workers: workers, now: Date().timeIntervalSince1970)
            } catch let error as ClientError where error.isPassing {
                screen.remark = "\(error); trying again"
            }
            try show(screen)
            if screen.remark == nil, screen.statuses.allSatisfy({ $0.isFinished || $0.isStalled }) { return screen.statuses }
            try await Task.sleep(for: .seconds(1))
        }
    }
}

/// The whole terminal, given back as it was.
private final class ScreenView: Sendable {
    init() { try? StandardStream.output.write("\u{1B}[?1049h\u{1B}[?25l") }

    /// - Throws: `FileError` when the terminal is gone.
    func show(_ screen: StatusScreen) throws {
        let size = Terminal.size
        try StandardStream.output.write(StatusScreen.drawn(screen.lines(width: size.width, height: size.height), hasColors: Terminal.hasColors))
    }

    func close() { Self.restore() }

    static func restore() { try? StandardStream.output.write("\u{1B}[?25h\u{1B}[?1049l") }
}

/// A line for each sweep where there is no screen.
private struct LineView {
    private var line = ProgressLine()

    mutating func show(_ screen: StatusScreen) {
        line.show(screen.remark ?? screen.statuses.map(StatusText.line).joined(separator: " | "))
        if screen.statuses.allSatisfy({ $0.isFinished || $0.isStalled }) { line.clear() }
    }
}
