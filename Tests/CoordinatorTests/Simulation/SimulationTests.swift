import Foundation
import Sweep
import Testing

@testable import Coordinator

/// The rules and the real store under thousands of unkind schedules. A seed that finds something runs alone with
/// `MEDSWEEP_SIMULATION_SEED=N swift test --filter SimulationTests`; `MEDSWEEP_SIMULATIONS=N` runs so many.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let shards = 4
    private static let schedules = environment["MEDSWEEP_SIMULATIONS"].flatMap { Int($0) } ?? 1000

    private static func seeds(_ shard: Int) -> [UInt64] {
        if let seed = environment["MEDSWEEP_SIMULATION_SEED"].flatMap({ UInt64($0) }) { return shard == 0 ? [seed] : [] }
        return (0..<schedules).filter { $0 % shards == shard }.map { UInt64($0) }
    }

    @Test(arguments: 0..<shards) func noPromiseIsBroken(_ shard: Int) throws {
        let database = try SQLiteDatabase()
        for seed in Self.seeds(shard) {
            do {
                try Simulation(seed: seed, size: .init(), database: database).run()
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    @Test(arguments: [UInt64(7001), 7002]) func hundredsOfWorkers(_ seed: UInt64) throws {
        let size = Simulation.Size(jobs: 600, workers: 250, slots: 2, chaos: 120)
        do {
            try Simulation(seed: seed, size: size, database: SQLiteDatabase()).run()
        } catch {
            Issue.record("seed \(seed): \(error)")
        }
    }

    /// A suite that cannot fail proves nothing: without a rule it must find a broken promise.
    @Test(arguments: [
        ("fencing", LeaseRules(isFencing: false)), ("idempotency", LeaseRules(isIdempotent: false)),
        ("checkpoint order", LeaseRules(guardsCheckpoints: false)),
    ])
    func aMissingRuleIsFound(_ name: String, _ rules: LeaseRules) throws {
        let database = try SQLiteDatabase()
        var found: Violation?
        for seed in UInt64(0)..<200 where found == nil {
            do {
                try Simulation(seed: seed, size: .init(), rules: rules, database: database).run()
            } catch let violation as Violation {
                found = violation
            }
        }
        #expect(found != nil, "200 schedules without \(name) broke no promise")
    }

    /// The same seed makes the same schedule: a failure can be looked into.
    @Test func seedsReplay() throws {
        func run() throws -> Int {
            let simulation = try Simulation(seed: 42, size: .init(), database: SQLiteDatabase())
            try simulation.run()
            return simulation.calls
        }
        #expect(try run() == run())
    }
}
