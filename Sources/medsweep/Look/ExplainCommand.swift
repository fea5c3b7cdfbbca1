import ArgumentParser
import Wire

/// `medsweep explain`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says why a job runs, waits, was reused or ended.",
        discussion: """
            Also names the finished job that is nearest to it, and how they differ.

            Example: medsweep explain 1f0c9a3b
            """)

    @Argument(help: "A job's identity; its first 8 digits are enough.")
    var job: String

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { _ = try JobReference.parse(job) }

    func run() async throws {
        let command = self
        let explanation = try await connection.withClient { client in
            try await client.explanation(of: JobReference.parse(command.job))
        }
        try Terminal.print(
            json ? String(decoding: try WireCoding.encode(explanation), as: UTF8.self) : ExplanationText.full(explanation), isJSON: json)
    }
}
