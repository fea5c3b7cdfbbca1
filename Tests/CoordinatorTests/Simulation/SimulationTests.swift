import Foundation
import Sweep
import TestSupport
import Testing

@testable import Coordinator

/// The rules and the real store under thousands of unkind schedules. A seed that finds something runs alone with
/// `MEDSWEEP_SIMULATION_SEED=N swift test --filter SimulationTests`; `MEDSWEEP_SIMULATIONS=N` runs so many.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let shards = 2
    private static let schedules = environment["MEDSWEEP_SIMULATIONS"].flatMap { Int($0) } ?? 1000

    private static func seeds(_ shard: Int) -> [UInt64] {
        if let seed = environment["MEDSWEEP_SIMULATION_SEED"].flatMap({ UInt64($0) }) { return shard == 0 ? [seed] : [] }
        return (0..<schedules).filter { $0 % shards == shard }.map { UInt64($0) }
    }

    /// Runs a seed; what it broke, if anything.
    private static func failure(_ seed: UInt64, _ size: Simulation.Size, _ database: any JobDatabase) -> String? {
        do {
            try Simulation(seed: seed, size: size, database: database).run()
            return nil
        } catch {
            return "seed \(seed): \(error)"
        }
    }

    @Test(arguments: 0..<shards) func noPromiseIsBroken(_ shard: Int) async throws {
        let broken = try await offPool {
            let database = try SQLiteDatabase()
            return Self.seeds(shard).lazy.compactMap { Self.failure($0, .init(), database) }.first
        }
        #expect(broken == nil)
    }

    /// Where groups of requests are read and written together.
    @Test(arguments: [UInt64(1), 2, 3]) func noPromiseIsBrokenOnPostgreSQL(_ seed: UInt64) async throws {
        let server = try PostgresServer()
        let url = server.url
        let broken = try await offPool {
            let database = try PostgresDatabase(url, clock: ManualClock())
            defer { database.close() }
            return Self.failure(seed, .init(pace: 10), database)
        }
        #expect(broken == nil)
        server.stop()
    }

    @Test(arguments: [UInt64(7001), 7002]) func hundredsOfWorkers(_ seed: UInt64) async throws {
        let size = Simulation.Size(jobs: 600, workers: 250, slots: 2, chaos: 100)
        let broken = try await offPool { Self.failure(seed, size, try SQLiteDatabase()) }
        #expect(broken == nil)
    }

    /// A suite that cannot fail proves nothing: without a rule it must find a broken promise.
    @Test(arguments: [
        ("fencing", LeaseRules(isFencing: false)), ("idempotency", LeaseRules(isIdempotent: false)),
        ("checkpoint order", LeaseRules(guardsCheckpoints: false)), ("fenced trainers", LeaseRules(fencesTrainers: false)),
    ])
    func aMissingRuleIsFound(_ name: String, _ rules: LeaseRules) async throws {
        let isFound = try await offPool {
            let database = try SQLiteDatabase()
            for seed in UInt64(0)..<300 {
                do {
                    try Simulation(seed: seed, size: .init(), rules: rules, database: database).run()
                } catch is Violation {
                    return true
                }
            }
            return false
        }
        #expect(isFound, "300 schedules without \(name) broke no promise")
    }

    /// The same seed makes the same schedule: a failure can be looked into.
    @Test func seedsReplay() async throws {
        @Sendable func run() throws -> Int {
            let simulation = try Simulation(seed: 42, size: .init(), database: SQLiteDatabase())
            try simulation.run()
            return simulation.calls
        }
        #expect(try await offPool { try run() == run() })
    }
}
