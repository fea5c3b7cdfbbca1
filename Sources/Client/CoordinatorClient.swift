import Catalogue
import Crypto
import Foundation
import Sweep
import Synchronization
import Wire

/// Talks to a coordinator over libcurl. Every request but a lease may safely be sent again, so passing failures are
/// retried with a growing, jittered wait.
public struct CoordinatorClient: Sendable {
    /// The coordinator's address without a slash at its end.
    public let address: String
    /// How long a request is retried, in seconds. 0: once only.
    public var patience: Double

    private let pool: ConnectionPool

    /// - Parameters:
    ///   - url: `http` or `https`.
    ///   - token: the bearer token, if the coordinator wants one.
    ///   - certificates: certificates (PEM) to trust for `https` instead of the system's.
    public init(url: URL, token: String? = nil, certificates: URL? = nil, patience: Double = 10) {
        self.init(url: url, token: token, certificates: certificates, patience: patience, proxies: ProxySettings())
    }

    init(url: URL, token: String? = nil, certificates: URL? = nil, patience: Double, proxies: ProxySettings) {
        var address = url.absoluteString
        while address.hasSuffix("/") { address.removeLast() }
        self.address = address
        self.patience = patience
        pool = ConnectionPool(token: token, certificates: certificates, proxies: proxies)
    }

    // MARK: Operators

    public func sweeps() async throws -> SweepList { try await get(Routes.sweeps) }
    public func submit(_ request: SubmitRequest) async throws -> SubmitResponse {
        try await post(Routes.sweeps, request, timeout: 600)
    }
    public func plan(_ request: SubmitRequest) async throws -> SubmitResponse {
        try await post(Routes.plan, request, timeout: 600)
    }
    public func sweep(_ name: String) async throws -> SweepStatus { try await get(Routes.sweep(PathSegment.encode(name))) }
    /// What a sweep was last made from.
    public func source(ofSweep name: String) async throws -> SubmitRequest {
        try await get(Routes.source(sweep: PathSegment.encode(name)))
    }
    /// - Parameter identity: an identity, or its first eight or more digits.
    public func job(_ identity: String) async throws -> JobDetail { try await get(Routes.job(PathSegment.encode(identity))) }

    /// All jobs of a sweep, page by page.
    public func allJobs(sweep: String) async throws -> [JobRow] {
        var jobs: [JobRow] = []
        var after = -1
        while true {
            let page: JobPage = try await get(Routes.jobs(sweep: PathSegment.encode(sweep)) + "?after=\(after)&limit=500")
            jobs += page.jobs
            guard let next = page.next else { return jobs }
            after = next
        }
    }

    /// All jobs of a sweep with the metrics that tables compare, at once.
    public func results(sweep: String) async throws -> [ResultRow] {
        let columns: ResultColumns = try await get(Routes.results(sweep: PathSegment.encode(sweep)), timeout: 60)
        return columns.rows
    }

    // MARK: Control

    public func control(sweep name: String, _ request: ControlRequest) async throws -> ControlResponse {
        try await post(Routes.control(sweep: PathSegment.encode(name)), request)
    }
    /// - Parameter identity: an identity, or its first eight or more digits.
    public func control(job identity: String, _ request: ControlRequest) async throws -> ControlResponse {
        try await post(Routes.control(job: PathSegment.encode(identity)), request)
    }
    public func control(worker name: String, _ request: ControlRequest) async throws -> ControlResponse {
        try await post(Routes.control(worker: PathSegment.encode(name)), request)
    }

    public func workers() async throws -> WorkerList { try await get(Routes.workers) }

    /// - Parameter identity: an identity, or its first eight or more digits.
    public func explanation(of identity: String) async throws -> Explanation {
        try await get(Routes.explain(PathSegment.encode(identity)))
    }

    /// A part of a job's log.
    /// - Parameters:
    ///   - identity: an identity, or its first eight or more digits.
    ///   - after: bytes of the log that are known already.
    ///   - wait: seconds, up to 60, to wait for more, unless the job has ended.
    public func log(of identity: String, after: Int64 = 0, wait: Double = 0) async throws -> LogPage {
        let query = wait > 0 ? "?after=\(after)&wait=\(Int(wait.rounded(.up)))" : "?after=\(after)"
        return try await get(Routes.log(PathSegment.encode(identity)) + query, timeout: wait + 30)
    }

    /// A page of the event log.
    /// - Parameters:
    ///   - after: the last event that is known already; `-N`: begin with the N-th last; `nil`: with the first.
    ///   - sweep: only events of this sweep.
    ///   - job: only events of this job.
    ///   - wait: seconds, up to 60, to wait for an event when there is none yet.
    public func events(
        after: Int64? = nil, limit: Int = 1000, sweep: String? = nil, job: String? = nil, wait: Double = 0
    ) async throws -> EventPage {
        var query = ["limit=\(limit)"]
        if let after { query.append("after=\(after)") }
        if let sweep { query.append("sweep=\(PathSegment.escape(sweep))") }
        if let job { query.append("job=\(PathSegment.escape(job))") }
        if wait > 0 { query.append("wait=\(Int(wait.rounded(.up)))") }
        return try await get(Routes.events + "?" + query.joined(separator: "&"), timeout: wait + 30)
    }

    // MARK: Workers

    /// Asks for work. Not retried: who asks again has to say what it holds by then (``LeaseRequest/holding``).
    public func lease(_ request: LeaseRequest) async throws -> LeaseResponse {
        let answer = try await once(
            Transfer(
                method: "POST", url: address + Routes.leases, body: .data(WireCoding.encode(request)),
                timeout: request.wait + 30))
        let response: LeaseResponse = try decode(answer)
        if let problem = response.leases.lazy.compactMap(\.problem).first {
            throw ClientError.malformed(address: address, reason: problem)
        }
        return response
    }

    public func heartbeat(_ identity: String, _ request: HeartbeatRequest) async throws -> HeartbeatResponse {
        try await post(Routes.heartbeat(identity), request)
    }
    public func checkpoint(_ identity: String, _ request: CheckpointRequest) async throws -> Acknowledgement {
        try await post(Routes.checkpoint(identity), request)
    }
    public func result(_ identity: String, _ request: ResultRequest) async throws -> Acknowledgement {
        try await post(Routes.result(identity), request)
    }
    public func failure(_ identity: String, _ request: FailureRequest) async throws -> Acknowledgement {
        try await post(Routes.failure(identity), request)
    }
    public func release(_ identity: String, _ request: ReleaseRequest) async throws -> Acknowledgement {
        try await post(Routes.release(identity), request)
    }

    // MARK: Artefacts

    /// Bytes of a part of a file, well below what proxies let through by default (nginx: 1 MB).
    static let partSize: Int64 = 512 << 10

    /// Puts a file under its SHA-256: whole or, where something in between does not let that through, in parts.
    public func putArtefact(_ file: URL, sha256: String) async throws {
        let size = Int64(FileHandle(forReadingAtPath: file.path).flatMap { try? $0.seekToEnd() } ?? 0)
        let isLarge = size > Self.partSize
        if !isLarge || !pool.takesParts.load(ordering: .relaxed) {
            do {
                _ = try await send(Transfer(method: "PUT", url: address + Routes.artefact(sha256), body: .file(file), timeout: 60))
                return
            } catch ClientError.foreign(address: _, status: 413, proxy: _) where isLarge {
                pool.takesParts.store(true, ordering: .relaxed)
            }
        }
        do {
            try await putParts(of: file, size: size, sha256: sha256)
        } catch ClientError.problem(let problem) where problem.status == 422 {
            // What was there of it from before was not of this file, and is gone now.
            try await putParts(of: file, size: size, sha256: sha256)
        }
    }

    private func putParts(of file: URL, size: Int64, sha256: String) async throws {
        var offset: Int64 = 0
        while offset < size {
            let part = offset..<min(size, offset + Self.partSize)
            let url = address + Routes.artefact(sha256) + "?offset=\(offset)&size=\(size)"
            let answer: StoredFile = try decode(await send(Transfer(method: "PUT", url: url, body: .part(file, part), timeout: 60)))
            // What was sent before need not be sent again.
            guard answer.received > offset else { throw ClientError.malformed(address: address, reason: "it loses parts of files") }
            offset = answer.received
        }
    }

    /// Fetches a small artefact into memory.
    public func artefact(_ sha256: String) async throws -> Data {
        let answer = try await send(Transfer(url: address + Routes.artefact(sha256), timeout: 60))
        guard SHA256.hash(data: answer.body).hexadecimal == sha256 else { throw ClientError.wrongDigest(expected: sha256) }
        return answer.body
    }

    /// Fetches an artefact into a file and verifies it; the file is removed when it does not arrive whole.
    /// - Parameter lease: the lease that names it; `nil`: an operator asks.
    public func fetchArtefact(_ sha256: String, under lease: Lease? = nil, to file: URL) async throws {
        do {
            let header = lease.map { "\(Routes.leaseHeader): \($0.identity) \($0.token.text)" }
            _ = try await send(
                Transfer(url: address + Routes.artefact(sha256), header: header, destination: file, timeout: 60))
            guard try FileDigest.sha256(of: file) == sha256 else { throw ClientError.wrongDigest(expected: sha256) }
        } catch {
            try? FileManager.default.removeItem(at: file)
            throw error
        }
    }

    // MARK: Requests

    private func get<Answer: Decodable>(_ path: String, timeout: Double = 30) async throws -> Answer {
        try decode(await send(Transfer(url: address + path, timeout: timeout)))
    }

    private func post<Answer: Decodable>(
        _ path: String, _ body: some Encodable, timeout: Double = 30
    ) async throws -> Answer {
        try decode(
            await send(
                Transfer(method: "POST", url: address + path, body: .data(WireCoding.encode(body)), timeout: timeout)))
    }

    private func decode<Value: Decodable>(_ answer: Transfer.Answer) throws -> Value {
        do {
            return try WireCoding.decode(from: answer.body)
        } catch {
            throw ClientError.malformed(address: address, reason: "its answer cannot be read as \(Value.self)")
        }
    }

    /// Sends a request until it succeeds, is refused, or patience runs out.
    private func send(_ transfer: Transfer) async throws -> Transfer.Answer {
        let deadline = ContinuousClock.now + .seconds(patience)
        var wait = 0.1
        while true {
            do {
                return try await once(transfer)
            } catch let error as ClientError where error.isPassing && ContinuousClock.now + .seconds(wait) < deadline {
                try await Task.sleep(for: .seconds(Double.random(in: wait / 2...wait)))
                wait = min(wait * 2, 5)
            }
        }
    }

    private func once(_ transfer: Transfer) async throws -> Transfer.Answer {
        let answer: Transfer.Answer
        do {
            answer = try await pool.perform(transfer)
        } catch let failure as Transfer.Failure {
            try Task.checkCancellation()
            if failure.isUntrusted { throw ClientError.untrusted(address: address, reason: failure.reason) }
            throw ClientError.unreachable(address: address, reason: failure.reason)
        }
        guard (200..<300).contains(answer.status) else {
            // The answer to a download that was refused has gone into its file.
            let body = transfer.destination.flatMap { FileManager.default.contents(atPath: $0.path) } ?? answer.body
            if let problem = try? WireCoding.decode(Problem.self, from: body) { throw ClientError.problem(problem) }
            throw ClientError.foreign(address: address, status: answer.status, proxy: answer.proxy)
        }
        return answer
    }
}

/// SHA-256 of files.
public enum FileDigest {
    /// Whether a text is 64 lower-case hexadecimal digits.
    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// Lower-case hexadecimal digits, computed piece by piece.
    /// - Throws: ``ClientError/file(_:)``
    public static func sha256(of file: URL) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: file.path) else {
            throw ClientError.file("cannot read '\(file.path)'")
        }
        defer { try? handle.close() }
        var digest = SHA256()
        while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty { digest.update(data: part) }
        return digest.finalize().hexadecimal
    }
}

extension Lease {
    /// What is wrong with the identities that came with it, which become parts of files' names here; `nil`: nothing.
    var problem: String? {
        guard identity == job.identity else { return "it hands out a job under an identity that is not the SHA-256 of the job" }
        let digests = [checkpoint?.sha256, trainedWeights].compactMap(\.self)
        guard digests.allSatisfy(FileDigest.isDigest) else { return "it names a file by what is no SHA-256" }
        return nil
    }
}
