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
                let comparison = SweepComparison(
                    (status.name, try await client.allJobs(sweep: status.name)), (other.name, try await client.allJobs(sweep: other.name)),
                    metric: command.metric ?? status.policy.metric.name, goal: status.policy.metric.goal)
                return command.json ? try Self.json(comparison) : comparison.text(color: Terminal.hasColors)
            default:
                throw Failure(.usage, "'\(command.first)' and '\(command.second)' are a sweep and a job; name two sweeps or two jobs")
            }
        }
        Terminal.print(text)
    }

    private static func json(_ value: some Encodable) throws -> String { String(decoding: try WireCoding.encode(value), as: UTF8.self) }
}
