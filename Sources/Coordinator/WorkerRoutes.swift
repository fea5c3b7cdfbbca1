import Foundation
import Hummingbird
import Sweep
import Wire

extension CoordinatorRoutes {
    func addWorkerRoutes(_ router: Router<CoordinatorContext>) {
        router.post(RouterPath(Routes.leases)) { request, context in
            let jobs = try await lease(leaseRequests.read(bytes(of: request)), context)
            return JSONAnswer.response(text: try leaseAnswer(jobs, instance: try await store.instance()))
        }
        router.post(RouterPath(Routes.heartbeat(":identity"))) { request, context in
            let posted: HeartbeatRequest = try await body(request)
            try Self.check(posted.log)
            if let progress = posted.progress { try RequestBounds.require([progress.stage, progress.unit], "progress") }
            let action = try await store.heartbeat(
                sealed(posted.token, context), posted, duration: configuration.leaseDuration)
            return try JSONAnswer.response(HeartbeatResponse(action: action))
        }
        router.post(RouterPath(Routes.checkpoint(":identity"))) { request, context in
            let posted: CheckpointRequest = try await body(request)
            try RequestBounds.require(posted.checkpoint.engine.platform, "checkpoint.engine.platform")
            let identity = try sealed(posted.token, context)
            try requireArtefacts([posted.checkpoint.sha256])
            let (answer, unneeded) = try await store.checkpoint(identity, posted)
            if let unneeded { artefacts.remove(unneeded) }
            return try JSONAnswer.response(answer)
        }
        router.post(RouterPath(Routes.result(":identity"))) { request, context in
            let bytes = try await bytes(of: request)
            let posted: ResultRequest = try Self.decode(bytes)
            try Self.check(posted.log)
            try ResultCheck.require(posted.result)
            if let wanted = posted.coordinator, wanted != (try await store.instance()) {
                throw Problem(
                    status: 421, title: "another coordinator",
                    detail: "this is not the coordinator that gave the job out; keep the result until that one is back")
            }
            let identity = try sealed(posted.token, context)
            try requireArtefacts(posted.result.artefacts.map(\.sha256))
            // As it came: writing it anew would be a good part of the work.
            let text = JSONMember.value(of: "result", in: bytes.readableBytesView)
            let (answer, unneeded) = try await store.complete(identity, posted, text: text)
            if let unneeded { artefacts.remove(unneeded) }
            return try JSONAnswer.response(answer)
        }
        router.post(RouterPath(Routes.failure(":identity"))) { request, context in
            var posted: FailureRequest = try await body(request)
            try Self.check(posted.log)
            posted.logTail = String(posted.logTail.suffix(16 << 10))
            // A failure is never lost for being told at length.
            posted.error = Self.shortened(posted.error)
            return try JSONAnswer.response(
                try await store.fail(sealed(posted.token, context), posted))
        }
        router.post(RouterPath(Routes.release(":identity"))) { request, context in
            let posted: ReleaseRequest = try await body(request)
            try Self.check(posted.log)
            return try JSONAnswer.response(try await store.release(sealed(posted.token, context), posted))
        }
    }

    private static func shortened(_ sentence: String) -> String {
        let most = RequestBounds.sentenceLength
        guard sentence.utf8.count > most, sentence.unicodeScalars.count > most else { return sentence }
        return String(String.UnicodeScalarView(sentence.unicodeScalars.prefix(most - 1))) + "…"
    }

    /// The job that a report is about, whose lease's token came with it.
    private func sealed(_ token: LeaseToken, _ context: CoordinatorContext) throws -> String {
        let identity = try context.parameters.require("identity")
        try seal.require(token, of: identity)
        return identity
    }

    private static func check(_ piece: LogPiece?) throws { try RequestBounds.require(piece?.offset, in: RequestBounds.logOffset, "log.offset") }

    /// Waits for work for as long as the worker wants and is there.
    private func lease(_ request: LeaseRequest, _ context: CoordinatorContext) async throws -> [LeasedJob] {
        let limit = min(RequestBounds.mostLeases, request.limit)
        let deadline = ContinuousClock.now + .seconds(limit == 0 ? 0 : request.wait)
        var hasWaited = false
        while true {
            let seen = waiters.news
            let (jobs, isMoreLeft): ([LeasedJob], Bool)
            do {
                // A job that is given to nobody would cost an attempt.
                if hasWaited, await !context.isAwaited() { throw CancellationError() }
                (jobs, isMoreLeft) = try await store.lease(
                    to: request.worker, free: request.free, limit: limit, holding: request.holding,
                    duration: configuration.leaseDuration)
            } catch {
                // It may have been this one's turn to look.
                waiters.passOn()
                throw error
            }
            if isMoreLeft { waiters.passOn() }
            let left = (deadline - .now) / .seconds(1)
            if !jobs.isEmpty || left <= 0 || waiters.isClosed || Task.isCancelled { return jobs }
            await waiters.wait(seconds: left, seen: seen)
            hasWaited = true
        }
    }

    /// The JSON of a ``LeaseResponse``. Descriptions go out as they were stored: decoding and encoding them again would
    /// be most of a lease's work.
    private func leaseAnswer(_ jobs: [LeasedJob], instance: String) throws -> String {
        let leases = try jobs.map { job in
            let checkpoint = try job.checkpoint.map { "\"checkpoint\":\(try Ledger.text($0))," } ?? ""
            let every = job.evaluateEvery.map { "\"evaluateEvery\":\($0)," } ?? ""
            let weights = job.trainedWeights.map { ",\"trainedWeights\":\"\($0)\"" } ?? ""
            return """
                {"artefacts":\(job.artefacts),"attempt":\(job.attempt),\(checkpoint)"checkpointInterval":\(job.checkpointInterval),\
                "duration":\(configuration.leaseDuration),\(every)"heartbeat":\(configuration.heartbeat),\
                "identity":"\(job.identity)","job":\(job.job),"resources":\(try Ledger.text(job.resources)),\
                "token":"\(seal.token(job.token.number, of: job.identity).text)"\(weights)}
                """
        }
        return "{\"coordinator\":\"\(instance)\",\"leases\":[\(leases.joined(separator: ","))]}"
    }

    private func requireArtefacts(_ digests: [String]) throws {
        for digest in digests {
            guard ArtefactStore.isDigest(digest) else { throw ArtefactStore.badDigest }
            guard artefacts.exists(digest) else {
                throw Problem(status: 409, title: "missing file", detail: "the file \(digest) has not arrived; put it first")
            }
        }
    }
}
