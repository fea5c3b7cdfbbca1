import ArgumentParser
import DurableFiles

/// The `medsweep` command.
@main
struct Medsweep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medsweep",
        abstract: "Sweeps of anomaly detection methods over medical images, on one machine or many.",
        discussion: """
            Example, everything on this machine:
              medsweep data demo demo-data
              medsweep run Sweeps/demo.yaml --data demo-data

            Example, on several machines:
              medsweep serve --host 0.0.0.0 --token-file tokens
              medsweep-worker --coordinator http://HOST:7733 --token-file token --data ~/MedIAnomaly-Data
              medsweep submit sweep.yaml --coordinator http://HOST:7733 --token-file token
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, PlanCommand.self, ServeCommand.self, SubmitCommand.self, StatusCommand.self,
            ReportCommand.self, ExportCommand.self, CompareCommand.self, DataCommand.self, WeightsCommand.self, EventsCommand.self, WorkersCommand.self, JobCommand.self,
            LogsCommand.self, ExplainCommand.self, PauseCommand.self, ResumeCommand.self, CancelCommand.self, RetryCommand.self,
            PrioritiseCommand.self, MethodsCommand.self,
        ])

    static func main() async {
        StandardStream.fillClosed()
        StandardStream.reportClosedPipes()
        do {
            var command = try parseAsRoot(
                PrioritiseCommand.protectingNegatives(Array(CommandLine.arguments.dropFirst())))
            if var asynchronous = command as? AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Failure.exit(with: error, from: Medsweep.self)
        }
    }
}
