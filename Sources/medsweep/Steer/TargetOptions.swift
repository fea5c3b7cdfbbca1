import ArgumentParser
import Client

/// The sweeps and jobs that a command acts on.
struct TargetOptions: ParsableArguments {
    @Argument(help: "Names of sweeps and identities of jobs; the first 8 digits of an identity are enough.")
    var targets: [String] = []

    @Flag var kind: ControlTarget.Kind?

    func validate() throws {
        if kind == .job { for target in targets { _ = try JobReference.parse(target) } }
    }

    /// - Throws: `ValidationError` unless a target is named; commands that need none do not ask.
    func requireTargets() throws {
        if targets.isEmpty { throw ValidationError("name a sweep or a job") }
    }

    /// What the words mean, all of it known before anything is changed.
    func resolve(client: CoordinatorClient) async throws -> [ControlTarget] {
        var resolved: [ControlTarget] = []
        for target in targets { resolved.append(try await ControlTarget.resolve(target, as: kind, client: client)) }
        return resolved
    }
}
