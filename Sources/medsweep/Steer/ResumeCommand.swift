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

    func run() async throws { try await hold.perform(.resume) }
}
