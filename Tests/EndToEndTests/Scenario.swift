import Foundation
import TestSupport
import Testing
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// What goes wrong in a test of its own: a folder, coordinators and workers that are all gone at its end.
final class Scenario {
    /// The sweep's name.
    static let name = "chaos"

    /// Four jobs of a few seconds each. Attempts that are lost count as failures, so there may be many of them.
    static let sweep = """
        sweep: chaos
        fixed: {epochs: 60, batch_size: 5, input_size: 32, hidden_size: 16, latent_size: 4}
        matrix: {method: [ae, vae], dataset: discs, seed: "range(0, 2)"}
        checkpoint_every: 3 epochs
        retry: {max_attempts: 100, backoff: 100ms..200ms}
        """

    let place: Workplace
    private var programs: [Program] = []
    private var proxies: [FaultyProxy] = []

    init() throws {
        place = try Workplace()
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
    }

    /// Killed workers leave their folders behind: here, so that they go with the rest.
    private var temporary: URL { place.folder.appending(path: "tmp") }

    /// A coordinator on the scenario's state folder, with leases that run out soon.
    func coordinator(
        _ name: String = "served-state", port: Int = 0, lease: Double = 1.5, heartbeat: Double = 0.15, options: [String] = []
    ) async throws -> ServedCoordinator {
        let coordinator = try await ServedCoordinator(
            in: place.folder, name: name, port: port, lease: lease, heartbeat: heartbeat, options: options)
        programs.append(coordinator.program)
        return coordinator
    }

    /// A worker for one job at a time.
    func worker(_ name: String, at address: String, _ arguments: [String] = []) throws -> Program {
        let program = try Program("medsweep-worker", workerArguments(name, at: address) + arguments, in: place.folder, environment: environment)
        programs.append(program)
        return program
    }

    /// Something between workers and a coordinator.
    func proxy(
        to coordinator: ServedCoordinator, seed: UInt64 = 0, isFaulty: Bool = false, lostLeases: Int = 0, bodyLimit: Int = .max
    ) -> FaultyProxy {
        let proxy = FaultyProxy(to: coordinator.port, seed: seed, isFaulty: isFaulty, lostLeases: lostLeases, bodyLimit: bodyLimit)
        proxies.append(proxy)
        return proxy
    }

    func workerArguments(_ name: String, at address: String) -> [String] {
        ["--coordinator", address, "--data", place.data.path, "--jobs", "1", "--name", name, "--spool", spool(of: name).path]
    }

    /// What every program of the scenario finds in its environment. Swift's backtraces are off: they take a signal sent
    /// from outside for a fault, look around for some seconds, and go on.
    var environment: [String: String] { ["TMPDIR": temporary.path, "SWIFT_BACKTRACE": "enable=no"] }

    /// Any other program, ended with the rest.
    func program(_ name: String, _ arguments: [String]) throws -> Program {
        let program = try Program(name, arguments, in: place.folder, environment: environment)
        programs.append(program)
        return program
    }

    /// Where a worker's results wait.
    func spool(of name: String) -> URL { place.folder.appending(path: "spool-\(name)") }

    /// The results that wait in a worker's spool or have been set aside there.
    func waiting(in name: String) -> [String] { Self.waiting(in: spool(of: name)) }

    /// The results that wait in a spool, whichever run's they are, or have been set aside there.
    static func waiting(in spool: URL) -> [String] {
        func names(_ folder: URL) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !$0.hasPrefix(".") && $0 != "lock" }
        }
        return names(spool).flatMap { $0.hasPrefix("run-") ? names(spool.appending(path: $0)) : [$0] }.sorted()
    }

    /// Hands in the sweep, or as much of it as the overrides leave.
    func submit(_ overrides: String..., to coordinator: ServedCoordinator, source: String = Scenario.sweep) async throws {
        let file = try place.write(source, to: "chaos.yaml")
        let outcome = try await Programs.run(
            "medsweep", ["submit", file] + overrides + ["--coordinator", coordinator.address, "--data", place.data.path],
            in: place.folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    /// Ends whatever still runs, frozen or not.
    func end() {
        for proxy in proxies { proxy.end() }
        for program in programs where program.process.isRunning {
            ProcessTree.kill(program.process.processIdentifier)
            program.process.waitUntilExit()
        }
    }
}

/// What was waited for in vain.
struct NeverHappened: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` gives something. An error is one of a coordinator that is away: it is asked again.
func eventually<Value>(_ what: String, _ condition: () async throws -> Value?) async throws -> Value {
    for _ in 0..<3600 {
        if let value = try? await condition() { return value }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw NeverHappened(description: "in three minutes it did not come to this: \(what)")
}

/// Waits until `condition` holds.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let _: Bool = try await eventually(what) { try await condition() ? true : nil }
}
