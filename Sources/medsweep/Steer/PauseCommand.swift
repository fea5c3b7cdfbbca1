import ArgumentParser

/// `medsweep pause`
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Holds sweeps, jobs or workers: nothing more is given out.",
        discussion: """
            What runs writes a checkpoint and is handed back; `medsweep resume` lets it go on from there, with the same \
            numbers as if it had never stopped.

            Example: medsweep pause demo
            Example: medsweep pause --worker host-4711
            """)

    @OptionGroup var hold: HoldOptions
    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON: an object a line for each target.")
    var json = false

    func run() async throws {
        let command = self
        try await connection.withClient { client in
            try await Controller(client: client, action: .pause, isJSON: command.json)
                .perform(on: command.hold.resolve(client: client))
        }
    }
}
