import Catalogue
import Foundation
import Sweep
import Synchronization
import Wire

/// What a store has read before and need not read again: things that never change, and how lately workers were noted.
final class StoreCache: Sendable {
    /// A policy as it is stored, read.
    struct Policy: Sendable {
        let policy: SweepPolicy
        /// `policy.checkpoint` as it goes into an answer.
        let checkpointInterval: String
        /// `policy.artefacts` as well.
        let artefacts: String
    }

    private struct State {
        var policies: [String: Policy] = [:]
        var classes: [Int64: JobClass] = [:]
        var classNumbers: [JobClass: Int64] = [:]
        var noted: [String: (description: WorkerDescription, at: Double)] = [:]
        var heard: [String: Double] = [:]
        var overtakings: [String: Overtaking] = [:]
    }

    private let state = Mutex(State())
    private let clock: any StoreClock

    /// - Parameter clock: tells how lately something was noted.
    init(clock: any StoreClock) { self.clock = clock }

    /// Seconds for which a worker need not be noted again.
    static let noteInterval = 10.0

    func policy(_ text: String) throws -> Policy {
        if let known = state.withLock({ $0.policies[text] }) { return known }
        let policy: SweepPolicy = try WireCoding.decode(from: Data(text.utf8))
        let interval = String(decoding: try WireCoding.encode(policy.checkpoint), as: UTF8.self)
        let artefacts = String(decoding: try WireCoding.encode(policy.artefacts), as: UTF8.self)
        let entry = Policy(policy: policy, checkpointInterval: interval, artefacts: artefacts)
        state.withLock { state in
            if state.policies.count > 1000 { state.policies = [:] }
            state.policies[text] = entry
        }
        return entry
    }

    func jobClass(_ number: Int64) -> JobClass? { state.withLock { $0.classes[number] } }
    func number(of jobClass: JobClass) -> Int64? { state.withLock { $0.classNumbers[jobClass] } }

    /// Only what is committed may be remembered.
    func remember(_ classes: [Int64: JobClass]) {
        state.withLock { state in
            for (number, jobClass) in classes {
                state.classes[number] = jobClass
                state.classNumbers[jobClass] = number
            }
        }
    }

    /// Whether the worker was noted lately and still is what it was.
    func isNoted(_ worker: WorkerDescription) -> Bool {
        guard let entry = state.withLock({ $0.noted[worker.instance] }) else { return false }
        return abs(clock.now() - entry.at) < Self.noteInterval && entry.description == worker
    }

    func note(_ worker: WorkerDescription) {
        let now = clock.now()
        state.withLock { state in
            if state.noted.count > 100_000 { state.noted = [:] }
            state.noted[worker.instance] = (worker, now)
        }
        hear(worker.instance)
    }

    /// Whether it was noted lately that the worker was heard of.
    func isHeard(_ instance: String) -> Bool {
        state.withLock { $0.heard[instance] }.map { abs(clock.now() - $0) < Self.noteInterval } ?? false
    }

    func hear(_ instance: String) {
        let now = clock.now()
        state.withLock { state in
            if state.heard.count > 100_000 { state.heard = [:] }
            state.heard[instance] = now
        }
    }

    /// The job that others have overtaken at a worker. A start forgets it, which costs that job a few places.
    func overtaking(at instance: String) -> Overtaking? { state.withLock { $0.overtakings[instance] } }

    func remember(_ overtaking: Overtaking?, of instance: String) {
        state.withLock { state in
            if state.overtakings.count > 100_000 { state.overtakings = [:] }
            state.overtakings[instance] = overtaking
        }
    }
}

/// What a worker must have for a job.
struct JobClass: Sendable, Hashable {
    let method: String
    let dataset: String
    let fingerprint: String
    let core: Int
    /// Names of pretrained weights.
    let weights: [String]
    /// What the method asks for where the sweep says nothing.
    let usual: JobResources
}

extension JobClass {
    init(_ job: JobDescription) {
        self.init(
            method: job.method, dataset: job.dataset, fingerprint: job.fingerprint, core: job.coreVersion,
            weights: MethodDescription.weights(for: job.configuration), usual: .usual(of: job))
    }
}
