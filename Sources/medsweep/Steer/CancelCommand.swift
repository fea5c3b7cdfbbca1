import ArgumentParser
import Client
import Wire

/// `medsweep cancel`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Takes jobs without a result out of the queue and stops those that run.",
        discussion: """
            Results stay. Before a whole sweep is cancelled a terminal is asked; --yes answers. `medsweep retry` undoes it.

            Example: medsweep cancel 1f0c9a3b
            Example: medsweep cancel demo --yes
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var connection: ConnectionOptions

    @Flag(name: [.short, .long], help: "Cancel whole sweeps without asking.")
    var yes = false

    @Flag(help: "Print JSON: an object a line for each target.")
    var json = false

    func validate() throws { try target.requireTargets() }

    func run() async throws {
        let command = self
        try await connection.withClient { client in
            let targets = try await command.target.resolve(client: client)
            if !command.yes, Terminal.canAsk { try await command.confirm(targets, client: client) }
            try await Controller(client: client, action: .cancel, isJSON: command.json).perform(on: targets)
        }
    }

    /// Asks for each sweep; nothing is cancelled unless the answer is yes to all.
    private func confirm(_ targets: [ControlTarget], client: CoordinatorClient) async throws {
        for case .sweep(let name) in targets {
            let status = try await client.sweep(name)
            let count = status.jobs[.pending, default: 0] + status.jobs[.leased, default: 0]
            guard count > 0 || status.isExpanding else { continue }
            let question = "cancel sweep '\(name.oneLine)': \(ControlText.jobs(count)) that wait or run?"
            guard Terminal.confirm(question) else { throw Failure(.temporary, "nothing was cancelled") }
        }
    }
}
