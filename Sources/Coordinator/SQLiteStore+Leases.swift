import Catalogue
import Foundation
import GRDB
import Sweep
import Wire

extension SQLiteStore {
    func lease(
        to worker: WorkerDescription, count: Int, now: Double, duration: Double
    ) async throws -> [LeasedJob] {
        // Nothing to give is the usual answer while a sweep runs; it takes no write.
        let mayHave = try await pool.read { database in
            let isKnown = try worker.datasets.allSatisfy { name, fingerprint in
                try String.fetchOne(database, sql: "SELECT fingerprint FROM datasets WHERE name = ?", arguments: [name]) == fingerprint
            }
            return try !isKnown
                || Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'pending' AND not_before <= ?)", arguments: [now])!
        }
        guard mayHave else { return [] }
        return try await writer.write { database in
            for (name, fingerprint) in worker.datasets { try Self.remember(name, fingerprint, database) }
            return try Self.lease(to: worker, count: count, now: now, duration: duration, database)
        }
    }

    private static func lease(
        to worker: WorkerDescription, count: Int, now: Double, duration: Double, _ database: Database
    ) throws -> [LeasedJob] {
        guard !worker.datasets.isEmpty, !worker.methods.isEmpty else { return [] }
        let datasets = worker.datasets.sorted { $0.key < $1.key }
        let pairs = Array(repeating: "(dataset = ? AND fingerprint = ?)", count: datasets.count).joined(separator: " OR ")
        let methods = Array(repeating: "?", count: worker.methods.count).joined(separator: ", ")
        var arguments: [any DatabaseValueConvertible] = [now, worker.coreVersion]
        arguments += worker.methods as [any DatabaseValueConvertible]
        for (name, fingerprint) in datasets { arguments += [name, fingerprint] as [any DatabaseValueConvertible] }
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                SELECT identity, sweep FROM jobs WHERE state = 'pending' AND not_before <= ? AND core = ?
                AND method IN (\(methods)) AND (\(pairs)) ORDER BY priority DESC, sweep, position
                """,
            arguments: StatementArguments(arguments))
        var room: [Int64: Int] = [:]
        var chosen: [String] = []
        while chosen.count < count, let row = try cursor.next() {
            let sweep: Int64 = row["sweep"]
            let left = try room[sweep] ?? Self.room(in: sweep, for: worker, database)
            room[sweep] = left - 1
            if left > 0 { chosen.append(row["identity"]) }
        }
        return try chosen.compactMap { identity in
            var entry = try entry(identity, database)
            guard let token = LeaseRules.standard.lease(&entry.record, to: worker.name, now: now, duration: duration) else { return nil }
            try save(entry.record, of: identity, was: .pending, database)
            try database.execute(
                sql: "UPDATE jobs SET progress = NULL, share = 0 WHERE identity = ?", arguments: [identity])
            try database.execute(
                sql: "INSERT INTO attempts (identity, token, worker, started) VALUES (?, ?, ?, ?)",
                arguments: [identity, token, worker.name, now])
            try log("leased", who: worker.name, job: identity, at: now, database)
            return LeasedJob(
                identity: identity, job: entry.job, token: token, attempt: entry.record.failedAttempts + 1,
                checkpoint: entry.record.checkpoint, checkpointInterval: entry.policy.checkpoint)
        }
    }

    /// How many more jobs of a sweep the worker may be given.
    private static func room(in sweep: Int64, for worker: WorkerDescription, _ database: Database) throws -> Int {
        let text = try String.fetchOne(database, sql: "SELECT policy FROM sweeps WHERE id = ?", arguments: [sweep])!
        let policy: SweepPolicy = try WireCoding.decode(from: Data(text.utf8))
        let device = policy.requires.device
        guard device == "any" || worker.device.hasPrefix(device), worker.memory >= policy.requires.memory else { return 0 }
        func count(_ state: JobState) throws -> Int {
            try Int.fetchOne(
                database, sql: "SELECT count FROM counters WHERE sweep = ? AND state = ?", arguments: [sweep, state.rawValue]) ?? 0
        }
        if let most = policy.limits.maxFailed, try count(.quarantined) >= most { return 0 }
        return try policy.limits.parallel.map { try $0 - count(.leased) } ?? .max
    }

    func heartbeat(
        _ identity: String, _ request: HeartbeatRequest, now: Double, duration: Double
    ) async throws -> LeaseRules.Action {
        try await writer.write { database in
            var entry = try Self.entry(identity, database)
            let old = entry.record.state
            let action = try Self.ruled { () throws(LeaseRules.Refusal) in
                try LeaseRules.standard.heartbeat(
                    &entry.record, token: request.token, worker: request.worker, now: now, duration: duration)
            }
            guard action == .continue else { return action }
            try Self.save(entry.record, of: identity, was: old, database)
            if old == .pending {
                try database.execute(
                    sql: "UPDATE attempts SET ended = NULL, outcome = NULL WHERE identity = ? AND token = ?",
                    arguments: [identity, request.token])
            }
            if let progress = request.progress {
                try database.execute(
                    sql: "UPDATE jobs SET progress = ?, share = ? WHERE identity = ?",
                    arguments: [
                        try Self.text(progress), Double(progress.epoch) / Double(max(1, progress.epochs)), identity,
                    ])
            }
            return action
        }
    }

    func checkpoint(
        _ identity: String, _ request: CheckpointRequest
    ) async throws -> (Acknowledgement, unneeded: String?) {
        try await writer.write { database in
            var entry = try Self.entry(identity, database)
            let before = entry.record
            try Self.ruled { () throws(LeaseRules.Refusal) in
                try LeaseRules.standard.checkpoint(&entry.record, token: request.token, checkpoint: request.checkpoint)
            }
            try Self.save(entry.record, of: identity, was: before.state, database)
            let isNewer = entry.record.checkpoint != before.checkpoint
            let unneeded = isNewer ? try Self.unneeded(before.checkpoint?.sha256, database) : nil
            return (Acknowledgement(state: entry.record.state, recorded: true), unneeded)
        }
    }

    func complete(
        _ identity: String, _ request: ResultRequest, now: Double
    ) async throws -> (Acknowledgement, unneeded: String?) {
        try await writer.write { database in
            var entry = try Self.entry(identity, database)
            let old = entry.record.state
            let completion = try Self.ruled { () throws(LeaseRules.Refusal) in
                try LeaseRules.standard.complete(&entry.record, token: request.token)
            }
            if case .alreadyRecorded(let isSuperseded) = completion {
                return (Acknowledgement(state: .done, recorded: !isSuperseded), nil)
            }
            let checkpoint = entry.record.checkpoint?.sha256
            entry.record.checkpoint = nil
            try Self.save(entry.record, of: identity, was: old, database)
            try database.execute(
                sql: "UPDATE jobs SET result = ?, wall = ?, finished = ?, share = 1 WHERE identity = ?",
                arguments: [try Self.text(request.result), request.result.wallSeconds, now, identity])
            for artefact in request.result.artefacts {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO result_files (sha256, identity) VALUES (?, ?)",
                    arguments: [artefact.sha256, identity])
            }
            try Self.end(identity, token: request.token, "done", now: now, database)
            try database.execute(
                sql: "UPDATE attempts SET ended = ?, outcome = 'superseded' WHERE identity = ? AND outcome IS NULL",
                arguments: [now, identity])
            try Self.log("done", who: request.result.worker, job: identity, at: now, database)
            return (Acknowledgement(state: .done, recorded: true), try Self.unneeded(checkpoint, database))
        }
    }

    func fail(_ identity: String, _ request: FailureRequest, now: Double) async throws -> Acknowledgement {
        let jitter = Double.random(in: 0..<1)
        return try await writer.write { database in
            var entry = try Self.entry(identity, database)
            let old = entry.record.state
            let ending = try Self.ruled { () throws(LeaseRules.Refusal) in
                try LeaseRules.standard.fail(
                    &entry.record, token: request.token, kind: request.kind, retry: entry.policy.retry, now: now, jitter: jitter)
            }
            if ending != .replayed {
                try Self.save(entry.record, of: identity, was: old, database)
                try Self.end(identity, token: request.token, "failed", now: now, database)
                try database.execute(
                    sql: "UPDATE attempts SET error = ?, log_tail = ?, signal = ? WHERE identity = ? AND token = ?",
                    arguments: [request.error, request.logTail, request.signal, identity, request.token])
                try Self.log("failed: \(request.error)", who: "worker", job: identity, at: now, database)
            }
            return Self.endAcknowledgement(entry.record)
        }
    }

    func release(_ identity: String, _ request: ReleaseRequest, now: Double) async throws -> Acknowledgement {
        try await writer.write { database in
            var entry = try Self.entry(identity, database)
            let before = entry.record
            try Self.ruled { () throws(LeaseRules.Refusal) in
                try LeaseRules.standard.release(&entry.record, token: request.token)
            }
            if entry.record != before {
                try Self.save(entry.record, of: identity, was: before.state, database)
                try Self.end(identity, token: request.token, "released", now: now, database)
                try Self.log("released", who: "worker", job: identity, at: now, database)
            }
            return Self.endAcknowledgement(entry.record)
        }
    }

    /// A replay gets the first answer, whoever has the job by then.
    private static func endAcknowledgement(_ record: JobRecord) -> Acknowledgement {
        Acknowledgement(state: record.state == .quarantined ? .quarantined : .pending, recorded: true)
    }

    func expire(now: Double) async throws -> Int {
        let due = try await pool.read { database in
            try String.fetchAll(
                database, sql: "SELECT identity FROM jobs WHERE state = 'leased' AND expires <= ?", arguments: [now])
        }
        guard !due.isEmpty else { return 0 }
        return try await writer.write { database in
            var ended = 0
            for identity in due {
                var entry = try Self.entry(identity, database)
                let ending = LeaseRules.standard.expire(&entry.record, retry: entry.policy.retry, now: now, jitter: 0)
                guard ending != nil else { continue }
                ended += 1
                try Self.save(entry.record, of: identity, was: .leased, database)
                try Self.end(identity, token: entry.record.token, "expired", now: now, database)
                try database.execute(
                    sql: "UPDATE attempts SET error = 'the worker was not heard of any more' WHERE identity = ? AND token = ?",
                    arguments: [identity, entry.record.token])
                try Self.log("expired", who: "coordinator", job: identity, at: now, database)
            }
            return ended
        }
    }

    func adoptLeases(until: Double) async throws {
        try await writer.write { database in
            try database.execute(
                sql: "UPDATE jobs SET expires = max(expires, ?) WHERE state = 'leased'", arguments: [until])
        }
    }

    private static func end(
        _ identity: String, token: Int64, _ outcome: String, now: Double, _ database: Database
    ) throws {
        try database.execute(
            sql: "UPDATE attempts SET ended = ?, outcome = ? WHERE identity = ? AND token = ?",
            arguments: [now, outcome, identity, token])
    }

    /// The digest, if no job refers to it any more.
    private static func unneeded(_ digest: String?, _ database: Database) throws -> String? {
        guard let digest else { return nil }
        let isNeeded = try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (SELECT 1 FROM jobs WHERE checkpoint = ?)
                OR EXISTS (SELECT 1 FROM result_files WHERE sha256 = ?)
                """,
            arguments: [digest, digest])!
        return isNeeded ? nil : digest
    }

    private static func ruled<Result>(_ body: () throws(LeaseRules.Refusal) -> Result) throws -> Result {
        do throws(LeaseRules.Refusal) {
            return try body()
        } catch {
            throw StoreError.refused(error)
        }
    }
}
