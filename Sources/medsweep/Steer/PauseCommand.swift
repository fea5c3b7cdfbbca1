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

    func run() async throws { try await hold.perform(.pause) }
}
