import Catalogue
import Foundation
import Sweep
import Wire

extension Ledger {
    /// Gives out jobs that the worker can do and that fit into what it has left: sweeps of the highest priority first, among equals
    /// the one with the fewest jobs running. One that does not fit is passed over for others, but not too often (``Overtaking``).
    /// - Parameters:
    ///   - free: ``LeaseRequest/free``.
    ///   - limit: ``LeaseRequest/limit``.
    ///   - holding: ``LeaseRequest/holding``.
    /// - Returns: the jobs, and whether others may be had by somebody.
    func lease(
        to worker: WorkerDescription, free: WorkerResources, limit: Int, holding: [String]? = nil, duration: Double
    ) throws -> (jobs: [LeasedJob], isMoreLeft: Bool) {
        try wakeDue()
        try note(worker)
        let asking = try Asking(worker, now: now, duration: duration)
        var (free, leased) = (free, [LeasedJob]())
        if let holding {
            for job in try lostLeases(asking, except: Set(holding)) {
                _ = free.take(job.resources)
                leased.append(job)
            }
        }
        guard leased.count < limit, try !isPaused(worker: worker.instance) else { return (leased, try isAnythingReady()) }
        var candidates = try self.candidates(for: asking)
        let before = self.overtaking(at: worker.instance)
        var reserved = try before.flatMap { try self.overtaken($0, among: candidates, asking) }
        var passedOver: [(job: Int64, priority: Int, overtakers: Int)] = []
        if let waiting = reserved {
            let isFitting = free.place(for: waiting.next.resources) != nil
            if !isFitting { passedOver.append((waiting.next.entry.id, waiting.priority, 0)) }
            if before?.isOver != true { reserved = nil }
        }

        func overtaking() -> Overtaking? { Overtaking.after(before, passedOver: passedOver.map { ($0.job, $0.overtakers) }) }

        while leased.count < limit, let best = Candidate.first(of: candidates) {
            if let overtaken = overtaking(), overtaken.isOver,
                passedOver.contains(where: { $0.job == overtaken.job && candidates[best].priority <= $0.priority })
            {
                break
            }
            if let waiting = reserved, candidates[best].priority <= waiting.priority {
                // Nothing goes before it any more, and if it does not fit yet, nothing else at all.
                guard let place = candidates.firstIndex(where: { $0.sweep.id == waiting.next.entry.sweep && $0.room > 0 }),
                    free.take(waiting.next.resources) != nil
                else {
                    if passedOver.isEmpty { passedOver.append((waiting.next.entry.id, waiting.priority, 0)) }
                    break
                }
                reserved = nil
                if let given = try give(waiting.next, of: candidates[place].sweep, asking) {
                    leased.append(given)
                    try gave(waiting.next, candidates: &candidates, at: place)
                }
                continue
            }
            guard candidates[best].room > 0, !candidates[best].buffer.isEmpty || !candidates[best].isExhausted else {
                candidates.remove(at: best)
                continue
            }
            guard !candidates[best].buffer.isEmpty else {
                // What it is found to hold may put another before it.
                try fill(&candidates[best], most: limit - leased.count, asking)
                continue
            }
            let priority = candidates[best].priority
            let next = candidates[best].buffer.removeFirst()
            guard free.take(next.resources) != nil else {
                if !passedOver.contains(where: { $0.job == next.entry.id }) { passedOver.append((next.entry.id, priority, 0)) }
                candidates[best].passOver(next.entry.jobClass)
                continue
            }
            guard let given = try give(next, of: candidates[best].sweep, asking) else { continue }
            leased.append(given)
            try gave(next, candidates: &candidates, at: best)
            for place in passedOver.indices where priority <= passedOver[place].priority { passedOver[place].overtakers += 1 }
        }
        let after = overtaking()
        if after != before { remember(after, at: worker.instance) }
        return (leased, try isAnythingReady())
    }

    private func isAnythingReady() throws -> Bool { try readyQueues().contains { $0.value > 0 } }

    /// Who asks for work, and when.
    private struct Asking {
        let worker: WorkerDescription
        /// The text of its platform.
        let platform: String
        let now: Double
        /// Seconds that leases last.
        let duration: Double

        /// Seconds for which a job waits for a better worker than the one that asks.
        private static let patience = 600.0

        init(_ worker: WorkerDescription, now: Double, duration: Double) throws {
            self.worker = worker
            platform = try EngineText.text(worker.platform)
            self.now = now
            self.duration = duration
        }

        /// What of a sweep's ready jobs the worker is given: those without a checkpoint or with one of its own platform, others only
        /// when no worker of that platform comes for them; and not what it had no memory for, as long as others may have it.
        func condition(isExact: Bool) -> (sql: String, arguments: [SQLValue]) {
            let patient = SQLValue.real(now - Self.patience)
            let present = SQLValue.real(now - 3 * duration)
            let near = "platform IS NULL OR platform = ?"
            let others = "SELECT 1 FROM workers WHERE seen > ? AND paused = 0"
            let memory = " AND (avoid IS NULL OR avoid <> ? OR idle_since <= ? OR NOT EXISTS (\(others) AND instance <> ?))"
            let own = SQLValue.text(worker.instance)
            if isExact { return (" AND (\(near))\(memory)", [.text(platform), own, patient, present, own]) }
            return (
                " AND (\(near) OR idle_since <= ? OR NOT EXISTS (\(others) AND workers.platform = jobs.platform))\(memory)",
                [.text(platform), patient, present, own, patient, present, own]
            )
        }
    }

    /// The job that others have overtaken at a worker, with its priority, if it is still to be had by that worker.
    private func overtaken(
        _ overtaking: Overtaking, among candidates: [Candidate], _ asking: Asking
    ) throws -> (next: Next, priority: Int)? {
        for candidate in candidates {
            let (condition, arguments) = asking.condition(isExact: candidate.sweep.policy.policy.isExact)
            let row = try connection.row(
                Self.selectReady + condition + " AND id = ?" + connection.dialect.holdingFree,
                [.integer(candidate.sweep.id)] + arguments + [.integer(overtaking.job)])
            guard let row else { continue }
            let next = try candidate.next(row)
            return candidate.classes[next.entry.jobClass] == nil ? nil : (next, candidate.sweep.priority + next.boost)
        }
        return nil
    }

    /// A job of the candidate at `place` has been given out.
    private func gave(_ next: Next, candidates: inout [Candidate], at place: Int) throws {
        candidates[place].gave(next)
        // A job that several sweeps hold runs in each of them.
        guard next.entry.holders > 1 else { return }
        for index in candidates.indices where index != place {
            guard let most = candidates[index].sweep.policy.policy.limits.parallel else { continue }
            candidates[index].room = try min(candidates[index].room, most - counter(candidates[index].sweep.id, .leased))
        }
    }

    private func give(_ next: Next, of sweep: SweepRow, _ asking: Asking) throws -> LeasedJob? {
        var entry = next.entry
        let worker = asking.worker
        let token = rules.lease(&entry.record, to: worker.name, instance: worker.instance, now: now, duration: asking.duration)
        guard let token else {
            // A database whose clock was set back, into the job's backoff: it leaves its queue until that is over once more.
            try save(entry)
            return nil
        }
        try connection.add(
            [
                .integer(entry.id), .text(JobState.leased.rawValue), .flag(false), .integer(token), .text(worker.name),
                .text(worker.instance), .real(now + asking.duration), .null, .real(0),
            ], to: Self.given)
        changed(entry.identity, to: entry.written(isReady: false))
        try moved(entry, to: .leased, isReady: false)
        try openAttempt(entry.id, token: token, worker: worker)
        log("leased", who: worker.name, job: entry.id, sweep: entry.sweep)
        return leasedJob(entry, next.job, of: sweep, resources: next.resources, trainedWeights: next.trainedWeights)
    }

    private func leasedJob(
        _ entry: JobEntry, _ job: String, of sweep: SweepRow, resources: JobResources, trainedWeights: String?
    ) -> LeasedJob {
        LeasedJob(
            identity: entry.identity, job: job, token: LeaseToken(number: entry.record.token), resources: resources,
            attempt: entry.record.failedAttempts + entry.record.lostLeases + 1, checkpoint: entry.record.checkpoint,
            checkpointInterval: sweep.policy.checkpointInterval, trainedWeights: trainedWeights,
            artefacts: sweep.policy.artefacts, evaluateEvery: sweep.policy.policy.evaluateEvery)
    }

    /// Leases that a worker was given but does not know of, since the answer was lost on its way. They are what they were,
    /// under the same tokens: no attempt is lost with the answer.
    private func lostLeases(_ asking: Asking, except known: Set<String>) throws -> [LeasedJob] {
        let rows = try connection.rows(
            "SELECT \(JobEntry.columns), job, \(Self.weightsColumn) FROM jobs WHERE state = 'leased' AND instance = ? ORDER BY id"
                + connection.dialect.holdingFree,
            [.text(asking.worker.instance)])
        return try rows.compactMap { row in
            let entry = JobEntry(row)
            guard !known.contains(entry.identity) else { return nil }
            try connection.run(
                "UPDATE jobs SET expires = ? WHERE id = ?", [.real(asking.now + asking.duration), .integer(entry.id)])
            let sweep = try sweep(entry.sweep)
            return leasedJob(
                entry, row.text(JobEntry.width), of: sweep, resources: try resources(entry.jobClass, in: sweep),
                trainedWeights: row.optionalText(JobEntry.width + 1))
        }
    }

    /// What a job of a class asks for in a sweep.
    private func resources(_ jobClass: Int64, in sweep: SweepRow) throws -> JobResources {
        try sweep.policy.policy.requires.resources(usually: self.jobClass(jobClass).usual)
    }

    /// A job that is next in its sweep.
    private struct Next {
        let entry: JobEntry
        /// Its description's JSON.
        let job: String
        let trainedWeights: String?
        let boost: Int
        let resources: JobResources
    }

    /// A sweep that has jobs for the worker.
    private struct Candidate {
        let sweep: SweepRow
        /// What jobs ask for that the worker could do if it did nothing else, by their classes.
        var classes: [Int64: JobResources]
        /// Whether these are all that are ready.
        var isWhole: Bool
        var running: Int
        /// How many more of its jobs may run.
        var room: Int
        /// Its next jobs.
        var buffer: [Next] = []
        /// Whether nothing is left beyond the buffer.
        var isExhausted = false

        /// The priority of its next job, as far as that is known.
        var priority: Int { sweep.priority + (buffer.first?.boost ?? 0) }

        func goesBefore(_ other: Candidate) -> Bool {
            (-priority, running, sweep.id) < (-other.priority, other.running, other.sweep.id)
        }

        /// The place of the one whose next job comes first.
        static func first(of candidates: [Candidate]) -> Int? {
            candidates.indices.min { candidates[$0].goesBefore(candidates[$1]) }
        }

        mutating func gave(_ next: Next) {
            running += 1
            room -= 1
            buffer.removeAll { $0.entry.id == next.entry.id }
        }

        /// Jobs of a class do not fit any more: none of them is looked at again.
        mutating func passOver(_ jobClass: Int64) {
            classes[jobClass] = nil
            isWhole = false
            buffer.removeAll { $0.entry.jobClass == jobClass }
        }

        func next(_ row: SQLRow) throws -> Next {
            let entry = JobEntry(row)
            return Next(
                entry: entry, job: row.text(JobEntry.width), trainedWeights: row.optionalText(JobEntry.width + 1),
                boost: row.int(JobEntry.width + 2),
                resources: classes[entry.jobClass] ?? JobResources(threads: 0, memory: 0, gpuMemory: 0))
        }
    }

    private func candidates(for asking: Asking) throws -> [Candidate] {
        var bySweep: [Int64: [Int64]] = [:]
        for (key, ready) in try readyQueues() where ready > 0 { bySweep[key.sweep, default: []].append(key.jobClass) }
        var candidates: [Candidate] = []
        for (id, ready) in bySweep {
            let sweep = try sweep(id)
            let requires = sweep.policy.policy.requires
            guard !sweep.isPaused, requires.unmet(by: asking.worker).isEmpty else { continue }
            var classes: [Int64: JobResources] = [:]
            for jobClass in ready {
                let kind = try self.jobClass(jobClass)
                let resources = requires.resources(usually: kind.usual)
                if kind.canBeDone(by: asking.worker), asking.worker.resources.place(for: resources) != nil { classes[jobClass] = resources }
            }
            guard !classes.isEmpty else { continue }
            var candidate = Candidate(
                sweep: sweep, classes: classes, isWhole: classes.count == ready.count, running: try counter(id, .leased),
                room: try room(in: sweep))
            guard candidate.room > 0 else { continue }
            // Only where an operator has moved jobs does the place of a sweep depend on its first job.
            if sweep.isBoosted { try fill(&candidate, most: 1, asking) }
            candidates.append(candidate)
        }
        return candidates
    }

    /// How many more jobs of a sweep may run.
    private func room(in sweep: SweepRow) throws -> Int {
        let limits = sweep.policy.policy.limits
        if let most = limits.maxFailed, try counter(sweep.id, .quarantined) >= most { return 0 }
        guard let most = limits.parallel else { return .max }
        // Other coordinators on the same database count too: one at a time, from here to the commit.
        try lock(sweep: sweep.id)
        return try most - counter(sweep.id, .leased)
    }

    /// Reads the next jobs of a candidate that has none at hand.
    private func fill(_ candidate: inout Candidate, most: Int, _ asking: Asking) throws {
        let limit = min(most, candidate.room)
        let (condition, arguments) = asking.condition(isExact: candidate.sweep.policy.policy.isExact)
        let select = Self.selectReady + condition
        let order = " ORDER BY boost DESC, position LIMIT ?" + connection.dialect.holdingFree
        let own = [SQLValue.integer(candidate.sweep.id)] + arguments
        var rows: [SQLRow]
        if candidate.isWhole {
            rows = try connection.rows(select + order, own + [.int(limit)])
        } else {
            rows = []
            for jobClass in candidate.classes.keys.sorted() {
                rows += try connection.rows(select + " AND class = ?" + order, own + [.integer(jobClass), .int(limit)])
            }
            let (boost, position) = (JobEntry.width + 2, JobEntry.width + 3)
            rows.sort { (-$0.integer(boost), $0.integer(position)) < (-$1.integer(boost), $1.integer(position)) }
            rows = Array(rows.prefix(limit))
        }
        candidate.isExhausted = rows.count < limit
        candidate.buffer = try rows.map(candidate.next)
    }

    private static let given = RowShape.update(
        "jobs", "lease", keys: [.integer("id")],
        set: [
            .text("state"), .integer("ready"), .integer("token"), .text("worker"), .text("instance"), .real("expires"), .text("progress"),
            .real("share"),
        ])

    /// The weights that a job's training has left.
    private static let weightsColumn = "(SELECT weights FROM trainings WHERE trainings.id = jobs.training)"
    private static let selectReady = """
        SELECT \(JobEntry.columns), job, \(weightsColumn), boost, position FROM jobs WHERE ready = 1 AND sweep = ?
        """
}

extension JobClass {
    /// Whether a worker has what the job is about.
    func canBeDone(by worker: WorkerDescription) -> Bool {
        core == worker.coreVersion && worker.datasets[dataset]?.fingerprint == fingerprint && worker.methods.contains(method)
            && weights.allSatisfy(worker.weights.contains)
    }
}

extension SweepPolicy.Requirements {
    /// What the worker lacks beside room, in words that go behind "it"; empty: nothing.
    func unmet(by worker: WorkerDescription) -> [String] {
        var lacks: [String] = []
        if !isOn(worker.platform) { lacks.append("has device '\(worker.platform.device)', not '\(device)'") }
        for tag in tags where !worker.tags.contains(tag) { lacks.append("lacks the tag '\(tag)'") }
        for name in weights where !worker.weights.contains(name) { lacks.append("lacks the weights '\(name)'") }
        return lacks
    }

    /// Whether a platform has the device that is asked for.
    func isOn(_ platform: EngineClass.Platform) -> Bool { device == "any" || platform.device.hasPrefix(device) }
}
