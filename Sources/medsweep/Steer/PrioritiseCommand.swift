import ArgumentParser

/// `medsweep prioritise`
struct PrioritiseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prioritise",
        abstract: "Changes the order in which sweeps or jobs are given out: higher goes first.",
        discussion: """
            A sweep's priority takes the place of the one in its file; a job's is added to its sweep's.

            Example: medsweep prioritise demo 10
            Example: medsweep prioritise 1f0c9a3b -5
            """,
        aliases: ["priority", "prioritize"])

    @Argument(help: "A sweep's name or a job's identity; its first 8 digits are enough.")
    var target: String

    @Argument(help: "A whole number from -1000 to 1000.")
    var priority: Int

    @Flag var kind: ControlTarget.Kind?

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if kind == .job { _ = try JobReference.parse(target) }
        guard (-1000...1000).contains(priority) else {
            throw ValidationError("a priority is a whole number from -1000 to 1000, not \(priority)")
        }
    }

    func run() async throws {
        let command = self
        try await connection.withClient { client in
            let target = try await ControlTarget.resolve(command.target, as: command.kind, client: client)
            try await Controller(client: client, action: .prioritise, priority: command.priority, isJSON: command.json)
                .perform(on: [target])
        }
    }

    /// The command line with a negative priority moved behind `--`, since anything else with a dash in front is taken
    /// for an option. Other commands' lines stay as they are.
    static func protectingNegatives(_ arguments: [String]) -> [String] {
        guard let name = arguments.first, ([configuration.commandName!] + configuration.aliases).contains(name),
            !arguments.contains("--"), let place = arguments.lastIndex(where: { $0.wholeMatch(of: /-[0-9]+/) != nil })
        else { return arguments }
        var rest = arguments
        let number = rest.remove(at: place)
        return rest + ["--", number]
    }
}
