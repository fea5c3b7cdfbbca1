import Catalogue
import Sweep
import Wire

@testable import Coordinator

/// A worker as far as a coordinator can tell: it asks, trains, tells and at times dies.
final class SimulatedWorker {
    private final class Held {
        let job: LeasedJob
        var epoch: Int
        let place: WorkerResources.Place
        var isOver = false
        init(_ job: LeasedJob, at place: WorkerResources.Place) {
            self.job = job
            self.place = place
            epoch = job.checkpoint?.work ?? 0
        }
    }

    private let world: Simulation
    private let number: Int
    private var description: WorkerDescription
    /// What it has left.
    private var free: WorkerResources
    private var held: [String: Held] = [:]
    /// What the worker was before it died is not heard any more.
    private var life = 0
    private var question = 0
    /// Whether the last question had no answer.
    private var isAnswerLost = false
    /// Until then it does nothing, and knows nothing of it.
    private var stoppedUntil = 0.0
    private var isDead = false

    private static let epochs = 6
    private static let heartbeat = 5.0

    /// The job that asks for most.
    private static let largest = JobDescription(
        method: "ae", configuration: Catalogue.method("ae")!.resolve(["batch_size": 4096], for: .custom("brain")), dataset: "brain",
        fingerprint: "f", seed: 0)

    /// What a coordinator knows it by.
    var instance: String { description.instance }

    private var engine: EngineClass { EngineClass(platform: description.platform, precision: .float32, threads: 1) }

    init(_ number: Int, slots: Int, world: Simulation) {
        self.number = number
        self.world = world
        var datasets = ["brain": DatasetContent(fingerprint: "f"), "rsna": DatasetContent(fingerprint: "g")]
        // Some have one data set only; the first two have all.
        if number > 1 { datasets[["brain", "rsna", "none"][number % 3]] = nil }
        // Every third has a GPU, and the first can hold the largest jobs.
        let large = JobResources.usual(of: Self.largest)
        let (memory, card) = (Int64(slots) << 30, Int64(number % 2 + 1) << 30)
        let resources = WorkerResources(
            threads: slots, memory: number < 2 ? large.memory + memory : memory * Int64(1 + number % 4),
            gpus: number % 3 == 2 ? Array(repeating: number == 2 ? large.gpuMemory + card : card, count: slots) : [])
        description = WorkerDescription(
            name: "w\(number % 3)", instance: .instance("\(number)-0"), host: "h", resources: resources, platform: number % 3 == 2 ? .graphics : .processor, datasets: datasets,
            methods: ["ae", "ae-grad"])
        free = resources
        plan(world.random(0, 5)) { self.ask() }
    }

    // MARK: Life

    /// Plans something that this life does, not before the worker goes on if it is stopped.
    private func plan(_ delay: Double, _ body: @escaping () throws -> Void) {
        let life = life
        world.timeline.after(delay) { [weak self] in
            guard let self, life == self.life, !self.isDead else { return }
            let left = self.stoppedUntil - self.world.timeline.now
            if left > 0 { return self.plan(left + 0.001, body) }
            try body()
        }
    }

    func die() {
        life += 1
        isDead = true
        held = [:]
        free = description.resources
        world.timeline.after(world.random(1, 60)) { [weak self] in
            guard let self, self.isDead else { return }
            self.isDead = false
            // The name of what was started by the same line is the same; what it is known by is not.
            self.description.instance = .instance("\(self.number)-\(self.life)")
            self.plan(1) { self.ask() }
        }
    }

    func isHolding(_ identity: String) -> Bool { held[identity] != nil }

    func stop(for seconds: Double) { stoppedUntil = world.timeline.now + seconds }

    // MARK: Work

    private func ask() {
        guard free.threads > 0 else { return plan(world.random(1, 4)) { self.ask() } }
        question += 1
        let mine = question
        let holding = isAnswerLost ? held.keys.sorted() : nil
        world.send(.lease(description, free: free, holding: holding)) { [weak self] reply in
            guard let self else { return }
            self.plan(0) {
                // An answer that comes late, or twice, is to a question that is over.
                guard mine == self.question, case .leases(let jobs) = reply else { return }
                self.question += 1
                self.isAnswerLost = false
                for job in jobs { try self.start(job) }
                self.plan(self.world.random(0.5, 4)) { self.ask() }
            }
        }
        plan(12) {
            guard mine == self.question else { return }
            self.isAnswerLost = true
            self.ask()
        }
    }

    private func start(_ job: LeasedJob) throws {
        try world.note(job, startedBy: instance)
        // One lease more or less may have been in flight when it told what it has left.
        if let former = self.held[job.identity] { drop(former) }
        guard let place = free.take(job.resources) else {
            return insist(on: .release(job.identity, ReleaseRequest(token: job.token)), tries: 2)
        }
        let held = Held(job, at: place)
        self.held[job.identity] = held
        beat(held)
        plan(world.random(1, 8)) { self.train(held) }
    }

    private func isHolding(_ held: Held) -> Bool { !held.isOver && self.held[held.job.identity] === held }

    private func drop(_ held: Held) {
        guard !held.isOver else { return }
        held.isOver = true
        if self.held[held.job.identity] === held { free.giveBack(held.job.resources, at: held.place) }
        if self.held[held.job.identity] === held { self.held[held.job.identity] = nil }
    }

    private func beat(_ held: Held) {
        guard isHolding(held) else { return }
        let progress = JobProgress.sample(epoch: held.epoch, of: Self.epochs)
        world.send(.heartbeat(held.job.identity, HeartbeatRequest(token: held.job.token, progress: progress))) {
            [weak self] reply in
            self?.plan(0) {
                guard let self, self.isHolding(held) else { return }
                switch reply {
                case .action(.cancel), .refused: self.drop(held)
                case .action(.drain): self.handBack(held)
                default: break
                }
            }
        }
        plan(Self.heartbeat) { self.beat(held) }
    }

    private func train(_ held: Held) {
        guard isHolding(held) else { return }
        // Who is handed weights scores only.
        held.epoch = held.job.trainedWeights == nil ? held.epoch + 1 : Self.epochs
        if world.chance(0.02) {
            drop(held)
            return insist(on: .failure(
                held.job.identity, FailureRequest(token: held.job.token, error: "no", logTail: "", signal: nil)), tries: 3)
        }
        if held.epoch >= Self.epochs {
            drop(held)
            return insist(on: .result(held.job.identity, ResultRequest(token: held.job.token, result: result(of: held.job))), tries: 40)
        }
        if held.epoch % 2 == 0 { checkpoint(held) }
        plan(world.random(1, 8)) { self.train(held) }
    }

    private func checkpoint(_ held: Held) {
        let checkpoint = JobRecord.Checkpoint(sha256: "\(held.job.identity)-\(held.epoch)", work: held.epoch, engine: engine)
        world.send(.checkpoint(held.job.identity, CheckpointRequest(token: held.job.token, checkpoint: checkpoint))) { _ in }
    }

    private func handBack(_ held: Held) {
        checkpoint(held)
        drop(held)
        plan(world.random(0.1, 2)) {
            self.insist(on: .release(held.job.identity, ReleaseRequest(token: held.job.token)), tries: 2)
        }
    }

    /// Says it again and again until there is an answer.
    private func insist(on call: Call, tries: Int) {
        var isHeard = false
        world.send(call) { _ in isHeard = true }
        plan(world.random(3, 9)) {
            if !isHeard, tries > 1 { self.insist(on: call, tries: tries - 1) }
        }
    }

    /// Equal jobs give equal numbers.
    private func result(of job: LeasedJob) -> JobResult {
        let number = Double(Int(job.identity.prefix(6), radix: 16) ?? 0) / Double(1 << 24)
        let weights = job.trainedWeights ?? "weights of \(job.identity)"
        return .sample(number, artefacts: [Artefact(name: JobFile.weights, sha256: weights, size: 1)], engine: engine)
    }
}
