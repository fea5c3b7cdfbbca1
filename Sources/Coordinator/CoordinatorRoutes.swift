import Catalogue
import Foundation
import Hummingbird
import Logging
import NIOCore
import Sweep
import Wire

/// The HTTP interface over a store.
struct CoordinatorRoutes: Sendable {
    let store: any JobStore
    let artefacts: ArtefactStore
    let waiters: LeaseWaiters
    let configuration: CoordinatorConfiguration
    let tokens: Tokens?
    let logger: Logger

    /// The most bytes of a body that is not a file.
    private static let bodyLimit = 8 << 20

    private var now: Double { Date().timeIntervalSince1970 }

    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware(logger: logger))
        if let tokens { router.add(middleware: TokenMiddleware(tokens: tokens)) }
        addOperatorRoutes(router)
        addWorkerRoutes(router)
        addArtefactRoutes(router)
        return router
    }

    // MARK: Operators

    private func addOperatorRoutes(_ router: Router<BasicRequestContext>) {
        router.get(RouterPath(Routes.health)) { _, _ in
            do {
                try await store.checkWritable()
            } catch {
                throw Problem(status: 503, title: "not healthy", detail: "the store takes no writes: \(error)")
            }
            return try JSONAnswer.response(Health(status: "ok", version: String(Catalogue.coreVersion)))
        }
        router.get(RouterPath(Routes.sweeps)) { _, _ in
            try JSONAnswer.response(SweepList(sweeps: try await store.sweeps(now: now)))
        }
        router.post(RouterPath(Routes.sweeps)) { request, _ in
            let response = try await submit(body(request), isPlan: false)
            waiters.notify()
            return try JSONAnswer.response(response)
        }
        router.post(RouterPath(Routes.plan)) { request, _ in
            try JSONAnswer.response(try await submit(body(request), isPlan: true))
        }
        router.get(RouterPath(Routes.sweep(":name"))) { _, context in
            let name = try context.parameters.require("name")
            guard let status = try await store.sweep(name, now: now) else { throw try await unknownSweep(name) }
            return try JSONAnswer.response(status)
        }
        router.get(RouterPath(Routes.jobs(sweep: ":name"))) { request, context in
            let name = try context.parameters.require("name")
            let query = request.uri.queryParameters
            do {
                return try JSONAnswer.response(
                    try await store.jobs(
                        sweep: name, after: query["after"].flatMap { Int($0) } ?? -1,
                        limit: min(1000, max(1, query["limit"].flatMap { Int($0) } ?? 100)),
                        state: query["state"].flatMap { JobState(rawValue: String($0)) }))
            } catch StoreError.unknownSweep {
                throw try await unknownSweep(name)
            }
        }
        router.get(RouterPath(Routes.job(":identity"))) { _, context in
            let identity = try context.parameters.require("identity")
            guard let job = try await store.job(identity) else { throw StoreError.unknownJob(identity) }
            return try JSONAnswer.response(job)
        }
    }

    private func unknownSweep(_ name: String) async throws -> Problem {
        let names = try await store.sweepNames()
        return Problem(
            status: 404, title: "unknown sweep", detail: "there is no sweep '\(name)'\(nearestNameHint(for: name, among: names))")
    }

    private func submit(_ request: SubmitRequest, isPlan: Bool) async throws -> SubmitResponse {
        let fingerprints = try await store.knownDatasets().merging(request.fingerprints) { $1 }
        let custom = fingerprints.keys.sorted().filter { Catalogue.dataset($0) == nil }
        let sweep = try SweepFile.parse(
            source: request.source, file: request.file, overrides: request.overrides,
            datasets: Catalogue.datasets + custom.map { .custom($0) })
        let used = fingerprints.filter { sweep.datasetNames.contains($0.key) }
        return try await store.submit(sweep, source: request.source, fingerprints: used, isPlan: isPlan)
    }

    // MARK: Workers

    private func addWorkerRoutes(_ router: Router<BasicRequestContext>) {
        router.post(RouterPath(Routes.leases)) { request, _ in
            try JSONAnswer.response(try await lease(body(request)))
        }
        router.post(RouterPath(Routes.heartbeat(":identity"))) { request, context in
            let action = try await store.heartbeat(
                context.parameters.require("identity"), body(request), now: now, duration: configuration.leaseDuration)
            return try JSONAnswer.response(HeartbeatResponse(action: action))
        }
        router.post(RouterPath(Routes.checkpoint(":identity"))) { request, context in
            let posted: CheckpointRequest = try await body(request)
            try requireArtefacts([posted.checkpoint.sha256])
            let (answer, unneeded) = try await store.checkpoint(context.parameters.require("identity"), posted)
            if let unneeded { artefacts.remove(unneeded) }
            return try JSONAnswer.response(answer)
        }
        router.post(RouterPath(Routes.result(":identity"))) { request, context in
            let posted: ResultRequest = try await body(request)
            try requireArtefacts(posted.result.artefacts.map(\.sha256))
            let (answer, unneeded) = try await store.complete(
                context.parameters.require("identity"), posted, now: now)
            if let unneeded { artefacts.remove(unneeded) }
            return try JSONAnswer.response(answer)
        }
        router.post(RouterPath(Routes.failure(":identity"))) { request, context in
            var posted: FailureRequest = try await body(request)
            posted.logTail = String(posted.logTail.suffix(16 << 10))
            let answer = try await store.fail(context.parameters.require("identity"), posted, now: now)
            waiters.notify()
            return try JSONAnswer.response(answer)
        }
        router.post(RouterPath(Routes.release(":identity"))) { request, context in
            let answer = try await store.release(context.parameters.require("identity"), body(request), now: now)
            waiters.notify()
            return try JSONAnswer.response(answer)
        }
    }

    /// Waits for work for as long as the worker wants, but looks again each second: a backoff may have passed.
    private func lease(_ request: LeaseRequest) async throws -> LeaseResponse {
        let count = min(64, max(1, request.count))
        let deadline = ContinuousClock.now + .seconds(min(60, max(0, request.wait)))
        while true {
            let jobs = try await store.lease(
                to: request.worker, count: count, now: now, duration: configuration.leaseDuration)
            let left = (deadline - .now) / .seconds(1)
            if !jobs.isEmpty || left <= 0 || waiters.isClosed || Task.isCancelled {
                return LeaseResponse(leases: jobs.map { job in
                    Lease(
                        identity: job.identity, job: job.job, token: job.token, attempt: job.attempt,
                        duration: configuration.leaseDuration, heartbeat: configuration.heartbeat,
                        checkpoint: job.checkpoint, checkpointInterval: job.checkpointInterval)
                })
            }
            await waiters.wait(seconds: min(left, 1))
        }
    }

    private func requireArtefacts(_ digests: [String]) throws {
        for digest in digests {
            guard ArtefactStore.isDigest(digest) else { throw badDigest(digest) }
            guard artefacts.exists(digest) else {
                throw Problem(status: 409, title: "missing file", detail: "the file \(digest) has not arrived; put it first")
            }
        }
    }

    // MARK: Artefacts

    private func addArtefactRoutes(_ router: Router<BasicRequestContext>) {
        router.put(RouterPath(Routes.artefact(":digest"))) { request, context in
            let digest = try context.parameters.require("digest")
            guard ArtefactStore.isDigest(digest) else { throw badDigest(digest) }
            if artefacts.exists(digest) {
                // The sender's bytes are read all the same, so that the connection can go on.
                for try await _ in request.body {}
            } else {
                try await artefacts.store(digest, pieces: request.body.map { Data($0.readableBytesView) })
            }
            return try JSONAnswer.response(["sha256": digest])
        }
        router.get(RouterPath(Routes.artefact(":digest"))) { _, context in
            let digest = try context.parameters.require("digest")
            guard ArtefactStore.isDigest(digest) else { throw badDigest(digest) }
            guard let file = FileHandle(forReadingAtPath: artefacts.place(digest).path), let size = try? file.seekToEnd() else {
                throw Problem(status: 404, title: "unknown file", detail: "there is no file \(digest)")
            }
            try file.seek(toOffset: 0)
            let body = ResponseBody(contentLength: Int(size)) { writer in
                defer { try? file.close() }
                while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty {
                    try await writer.write(ByteBuffer(bytes: piece))
                }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: body)
        }
    }

    private func badDigest(_ digest: String) -> Problem {
        Problem(status: 400, title: "bad digest", detail: "a file's name is its SHA-256 in 64 lower-case hexadecimal digits")
    }

    // MARK: Bodies

    /// The request's body, decoded.
    private func body<Value: Decodable>(_ request: Request) async throws -> Value {
        var request = request
        let buffer: ByteBuffer
        do {
            buffer = try await request.collectBody(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
            throw Problem(status: 413, title: "too large", detail: "a body may have at most \(Self.bodyLimit) bytes")
        }
        do {
            return try WireCoding.decode(from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw Problem(status: 400, title: "bad body", detail: "the body cannot be read: \(Self.reason(error))")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
        switch error {
        case .keyNotFound(let key, let context):
            return "it lacks '\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))'"
        case .typeMismatch(_, let context): return "'\(path(context))' has the wrong type"
        case .valueNotFound(_, let context): return "'\(path(context))' is null"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not JSON" : "'\(path(context))' has a value that is not known"
        @unknown default: return "it is not JSON"
        }
    }
}
