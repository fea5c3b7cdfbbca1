import ArgumentParser
import Wire

/// What can be held and let go: sweeps, jobs, and workers too.
struct HoldOptions: ParsableArguments {
    @OptionGroup var target: TargetOptions

    @Option(help: "A worker's name, or the digits beside it where several have one name; may be given several times.")
    var worker: [String] = []

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print JSON: an object a line for each target.")
    var json = false

    func validate() throws {
        if target.targets.isEmpty, worker.isEmpty {
            throw ValidationError("name a sweep or a job, or a worker with --worker")
        }
    }

    /// Holds what is named, or lets it go.
    func perform(_ action: ControlRequest.Action) async throws {
        try await connection.withClient { client in
            try await Controller(client: client, action: action, isJSON: json)
                .perform(on: target.resolve(client: client) + worker.map { .worker($0) })
        }
    }
}
