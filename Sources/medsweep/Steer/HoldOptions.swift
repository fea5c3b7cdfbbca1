import ArgumentParser
import Client

/// What can be held and let go: sweeps, jobs, and workers too.
struct HoldOptions: ParsableArguments {
    @OptionGroup var target: TargetOptions

    @Option(help: "A worker's name, or the digits beside it where several have one name; may be given several times.")
    var worker: [String] = []

    func validate() throws {
        if target.targets.isEmpty, worker.isEmpty {
            throw ValidationError("name a sweep or a job, or a worker with --worker")
        }
    }

    func resolve(client: CoordinatorClient) async throws -> [ControlTarget] {
        try await target.resolve(client: client) + worker.map { .worker($0) }
    }
}
