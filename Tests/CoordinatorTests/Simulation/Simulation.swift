import Sweep
import TestSupport
import Wire

@testable import Coordinator

/// A coordinator, its workers and an unkind network between them, all from one seed.
final class Simulation {
    struct Size {
        var jobs = 8
        var workers = 5
        var slots = 2
        /// Steps from one look at all counts to the next.
        var pace = 1
        /// Seconds for which things go wrong.
        var chaos = 100.0
    }

    let timeline = Timeline()
    private var generator: SplitMix
    private let coordinator: SimulatedCoordinator
    private var workers: [SimulatedWorker] = []
    private var inbox: [(call: Call, answer: (Reply) -> Void)] = []
    private var isDrainPlanned = false
    private var isDown = false
    private var isKind = false
    /// What the coordinator's clock shows beyond the true time.
    private var clockError = 0.0
    private let size: Size
    private let parallel: Int

    private static let leaseDuration = 20.0

    init(seed: UInt64, size: Size, rules: LeaseRules = .standard, database: any JobDatabase) throws {
        generator = SplitMix(seed)
        self.size = size
        parallel = max(2, size.workers * size.slots * 3 / 4)
        coordinator = try SimulatedCoordinator(
            database, rules: rules, leaseDuration: Self.leaseDuration, jobs: size.jobs, parallel: parallel)
        workers = (0..<size.workers).map { SimulatedWorker($0, slots: size.slots, world: self) }
    }

    var calls: Int { coordinator.calls }

    // MARK: Chance

    func random(_ low: Double, _ high: Double) -> Double { Double.random(in: low...high, using: &generator) }

    /// True with a probability, but never once the world has become kind.
    func chance(_ probability: Double) -> Bool { random(0, 1) < probability && !isKind }

    // MARK: Network

    private func delay() -> Double { chance(0.05) ? random(1, 40) : random(0.001, 0.2) }

    /// Carries a call there and its reply back; either may be lost, late, or come twice.
    func send(_ call: Call, _ answer: @escaping (Reply) -> Void) {
        for _ in 0..<(chance(0.06) ? 2 : 1) where !chance(0.08) {
            timeline.after(delay()) { [self] in arrive(call, answer) }
        }
    }

    private func arrive(_ call: Call, _ answer: @escaping (Reply) -> Void) {
        guard !isDown else { return }
        inbox.append((call, answer))
        guard !isDrainPlanned else { return }
        isDrainPlanned = true
        timeline.after(0.01) { [self] in try drain() }
    }

    private func drain() throws {
        isDrainPlanned = false
        let batch = inbox
        inbox = []
        guard !isDown, !batch.isEmpty else { return }
        // Before the commit: as if nothing had come.
        if chance(0.004) { return crash() }
        let replies = try coordinator.take(batch.map(\.call), now: clock)
        // After it: nobody hears of it.
        if chance(0.004) { return crash() }
        for (entry, reply) in zip(batch, replies) where !chance(0.08) {
            for _ in 0..<(chance(0.05) ? 2 : 1) { timeline.after(delay()) { entry.answer(reply) } }
        }
    }

    private var clock: Double { max(0, timeline.now + clockError) }

    // MARK: Hands

    /// Who started each lease.
    private var hands: [String: String] = [:]

    /// No lease is in two hands, whatever the workers' names.
    func note(_ job: LeasedJob, startedBy instance: String) throws {
        let lease = "\(job.identity)/\(job.token.number)"
        if let other = hands.updateValue(instance, forKey: lease), other != instance {
            throw Violation("lease \(job.token.number) of job \(job.identity.prefix(8)) is in the hands of \(other) and \(instance)")
        }
    }

    // MARK: Mishaps

    private func crash() {
        isDown = true
        inbox = []
        timeline.after(random(0.5, 50)) { [self] in
            isDown = false
            try coordinator.restart(now: clock)
        }
    }

    private func tick() throws {
        if !isDown { try coordinator.expire(now: clock) }
        timeline.after(2.5) { [self] in try tick() }
    }

    private func mishap() throws {
        if isKind { return }
        let worker = workers[Int(random(0, Double(workers.count) - 0.001))]
        switch random(0, 1) {
        case ..<0.2: worker.die()
        case ..<0.4: worker.stop(for: random(1, 90))
        case ..<0.45: clockError += random(-40, 60)
        case ..<0.5 where !isDown: try coordinator.control(.pause, now: clock)
        case ..<0.57 where !isDown: try coordinator.control(.resume, now: clock)
        case ..<0.6 where !isDown: try coordinator.control(.cancel, now: clock)
        case ..<0.65 where !isDown: try coordinator.control(.retry, now: clock)
        case ..<0.85 where !isDown: try edit()
        case ..<0.88 where !isDown: try coordinator.control(random(0, 1) < 0.5 ? .pause : .resume, worker: worker.instance, now: clock)
        case ..<1 where !isDown:
            let job = coordinator.identities[Int(random(0, Double(coordinator.identities.count) - 0.001))]
            let actions: [ControlRequest.Action] = [.pause, .resume, .cancel, .retry, .prioritise]
            let action = actions[Int(random(0, 4.999))]
            try coordinator.control(action, job: job, priority: Int(random(-5, 5)), now: clock)
            // Who is to hand a job back may be the one that is not heard of.
            if action == .pause, random(0, 1) < 0.5 {
                for worker in workers where worker.isHolding(job) { worker.stop(for: random(25, 60)) }
            }
        default: break
        }
        timeline.after(random(1, 2 * size.chaos / 20)) { [self] in try mishap() }
    }

    /// Somebody submits the sweep anew with fewer or all of its jobs, or another sweep that shares some.
    private func edit() throws {
        let matrices = ["method: ae, dataset: [brain, rsna]", "method: [ae, ae-grad], dataset: brain", "method: ae-grad, dataset: rsna", nil]
        let name = random(0, 1) < 0.6 ? SimulatedCoordinator.main : random(0, 1) < 0.5 ? "second" : "third"
        let edit = try SimulatedEdit(
            of: name, matrices[Int(random(0, 3.999))], seeds: Int(random(1, Double(size.jobs / 4) + 0.999)), parallel: parallel,
            priority: Int(random(-1, 1.999)))
        func goOn() throws {
            // After a crash, whoever starts next goes on with it.
            guard !isDown, !isKind else { return edit.isOver = true }
            try coordinator.goOn(with: edit, now: clock)
            if !edit.isOver { timeline.after(random(0.01, 3)) { try goOn() } }
        }
        try goOn()
    }

    /// Nothing goes wrong any more, and whatever was held back is let go.
    private func becomeKind() throws {
        isKind = true
        for worker in workers { worker.stop(for: 0) }
        if isDown {
            isDown = false
            try coordinator.restart(now: clock)
        }
        try coordinator.adoptEdits(now: clock)
        try coordinator.submit(
            SimulatedEdit(of: SimulatedCoordinator.main, seeds: size.jobs / 4, parallel: parallel), now: clock)
        try release()
    }

    private func release() throws {
        try coordinator.control(.resume, now: clock)
        for worker in workers { try coordinator.control(.resume, worker: worker.instance, now: clock) }
        for job in coordinator.identities {
            try coordinator.control(.resume, job: job, now: clock)
            try coordinator.control(.retry, job: job, now: clock)
        }
    }

    // MARK: Running

    /// Runs until every job is done.
    /// - Throws: ``Violation``
    func run() throws {
        try tick()
        timeline.after(random(1, 20)) { [self] in try mishap() }
        timeline.after(size.chaos) { [self] in try becomeKind() }
        var steps = 0
        let deadline = size.chaos + 3000
        while timeline.now < deadline, try timeline.step() {
            steps += 1
            if size.jobs < 100, steps % size.pace == 0 { try coordinator.checkCounts() }
            if steps % (20 * size.jobs) == 0 { try coordinator.check() }
            if isKind, steps % (4 * size.jobs) == 0, try isDone() {
                return try coordinator.check()
            }
        }
        throw Violation("after \(Int(deadline)) s, the clock being \(Int(clockError)) s wrong, not all jobs are done: \(try coordinator.unfinished())")
    }

    private func isDone() throws -> Bool {
        let states = try coordinator.states()
        return states[.done] == coordinator.identities.count
    }
}
