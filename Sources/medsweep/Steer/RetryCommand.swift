import ArgumentParser

/// `medsweep retry`
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Sends jobs that failed for good or were cancelled back into the queue.",
        discussion: """
            They have all their attempts before them again; jobs that wait after a failure wait no longer. Of a sweep, \
            all such jobs.

            Example: medsweep retry demo
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON: an object a line for each target.")
    var json = false

    func validate() throws { try target.requireTargets() }

    func run() async throws {
        let command = self
        try await connection.withClient { client in
            try await Controller(client: client, action: .retry, isJSON: command.json)
                .perform(on: command.target.resolve(client: client))
        }
    }
}
