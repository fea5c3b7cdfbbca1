import ArgumentParser
import Catalogue
import Client
import Foundation
import Sweep
import Wire

/// `medsweep compare`
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares two sweeps cell by cell, or two jobs setting by setting.",
        discussion: """
            Sweeps: mean and standard deviation of both in every cell, the difference and how many jobs each has. Jobs, named \
            by their identities: settings that differ, metrics, and which artefacts are the same to the byte.

            Example: medsweep compare demo demo-2 -m ap
            """)

    @Argument(help: "A sweep's name, or a job's identity or its first 8 digits.")
    var first: String

    @Argument(help: "What to compare it with.")
    var second: String

    @Option(name: [.short, .long], help: "The metric of the cells (default: the first sweep's own).")
    var metric: String?

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        let names = Catalogue.metrics.map(\.name)
        if let metric, !names.contains(metric) {
            throw ValidationError("there is no metric '\(metric)'\(nearestNameHint(for: metric, among: names))")
        }
    }

    func run() async throws {
        let command = self
        let text = try await connection.withClient { client in
            let one = try await ControlTarget.resolve(command.first, as: nil, client: client)
            let two = try await ControlTarget.resolve(command.second, as: nil, client: client)
            switch (one, two) {
            case (.job(let one), .job(let two)):
                let comparison = JobComparison(try await client.job(one), try await client.job(two))
                return command.json ? try Self.json(comparison) : comparison.text
            case (.sweep(let one), .sweep(let two)):
                let status = try await client.sweep(one), other = try await client.sweep(two)
                let metric = command.metric ?? status.policy.metric.name
                let comparison = SweepComparison(
                    (status.name, try await Self.rows(of: status.name, with: metric, client: client)),
                    (other.name, try await Self.rows(of: other.name, with: metric, client: client)),
                    metric: metric, goal: status.policy.metric.goal)
                return command.json ? try Self.json(comparison) : comparison.text(color: Terminal.hasColors)
            default:
                throw Failure(.usage, "'\(command.first)' and '\(command.second)' are a sweep and a job; name two sweeps or two jobs")
            }
        }
        try Terminal.write(text)
    }

    /// Metrics that tables compare are had at once for 100,000 jobs; others stand in the jobs' whole results only.
    private static func rows(of sweep: String, with metric: String, client: CoordinatorClient) async throws -> [ResultRow] {
        guard Catalogue.comparedMetrics.contains(where: { $0.name == metric }) else {
            return try await client.allJobs(sweep: sweep).map(ResultRow.init)
        }
        return try await client.results(sweep: sweep)
    }

    private static func json(_ value: some Encodable) throws -> String { String(decoding: try WireCoding.encode(value), as: UTF8.self) }
}
