import ArgumentParser

/// `medsweep resume`
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Lets paused sweeps, jobs or workers go on.",
        discussion: """
            Jobs go on from their last checkpoints.

            Example: medsweep resume demo
            Example: medsweep resume --worker host-4711
            """)

    @OptionGroup var hold: HoldOptions
    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON: an object a line for each target.")
    var json = false

    func run() async throws {
        let command = self
        try await connection.withClient { client in
            try await Controller(client: client, action: .resume, isJSON: command.json)
                .perform(on: command.hold.resolve(client: client))
        }
    }
}
