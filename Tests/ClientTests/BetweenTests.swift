import Catalogue
import Foundation
import Sweep
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Client

/// What something between a client and its coordinator does to requests.
@Suite struct BetweenTests {
    private let file = URL.temporaryDirectory.appending(path: "medsweep-between-\(UUID().uuidString)")

    /// Pages of proxies are no refusals of the coordinator's: a job is not dropped for them, nor a result set aside.
    @Test(arguments: [(413, "client_max_body_size"), (429, "limits how often"), (502, "does not reach"), (503, "does not reach"), (504, "does not reach"), (404, "is the address right"), (403, "NO_PROXY")])
    func itsAnswersAreNamed(_ status: Int, _ word: String) async throws {
        let server = AnsweringServer { _ in .init("<html><center>nginx</center></html>", status: status) }
        let error = await #expect(throws: ClientError.self) { try await CoordinatorClient(url: server.url, patience: 0).sweeps() }
        #expect(error == .foreign(address: server.address, status: status, proxy: nil))
        #expect(error?.description.contains(word) == true && error?.description.contains("\(status)") == true, "\(error?.description ?? "")")
        #expect(error?.isPassing == [429, 502, 503, 504].contains(status))
    }

    @Test func itsErrorsAreTriedAgain() async throws {
        let count = Mutex(0)
        let server = AnsweringServer { _ in
            let number = count.withLock { $0 += 1; return $0 }
            return number < 4 ? .init("<html>", status: [502, 504, 429][number - 1]) : .init(#"{"sweeps":[]}"#)
        }
        #expect(try await CoordinatorClient(url: server.url, patience: 600).sweeps().sweeps.isEmpty)
        #expect(server.requests.count == 4)
    }

    /// A coordinator behind something that lets through no more than `limit` bytes at once.
    private final class Limited: Sendable {
        let parts = Mutex<[(offset: Int64, bytes: Data)]>([])
        let refused = Mutex(0)

        func answer(_ request: AnsweringServer.Request, limit: Int) -> AnsweringServer.Answer {
            guard request.body.count <= limit else {
                refused.withLock { $0 += 1 }
                return .init("<html>Request Entity Too Large</html>", status: 413)
            }
            let query = URLComponents(string: request.path)?.queryItems ?? []
            let offset = query.first { $0.name == "offset" }?.value.flatMap { Int64($0) } ?? 0
            parts.withLock { $0.append((offset, request.body)) }
            return .init(#"{"sha256":"","received":\#(offset + Int64(request.body.count))}"#)
        }
    }

    @Test func largeFilesGoInParts() async throws {
        defer { try? FileManager.default.removeItem(at: file) }
        let bytes = Data((0..<1_300_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        try bytes.write(to: file)
        let limited = Limited()
        let server = AnsweringServer { limited.answer($0, limit: 1_000_000) }
        let client = CoordinatorClient(url: server.url, patience: 0)
        let digest = try FileDigest.sha256(of: file)
        for _ in 1...2 { try await client.putArtefact(file, sha256: digest) }
        let parts = limited.parts.withLock { $0 }
        #expect(parts.prefix(3).map(\.offset) == [0, 524_288, 1_048_576] && parts.count == 6)
        #expect(parts.prefix(3).reduce(Data()) { $0 + $1.bytes } == bytes)
        #expect(server.requests.last?.path == "/v1/artefacts/\(digest)?offset=1048576&size=1300000")
        #expect(limited.refused.withLock { $0 } == 1, "once is enough to know")
    }

    /// Where even that is too much, the sentence says what must be raised.
    @Test func smallFilesThatAreRefusedAreTold() async throws {
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(count: 1000).write(to: file)
        let server = AnsweringServer { _ in .init("", status: 413) }
        let error = await #expect(throws: ClientError.self) {
            try await CoordinatorClient(url: server.url, patience: 0).putArtefact(file, sha256: FileDigest.sha256(of: file))
        }
        #expect(error?.description.contains("client_max_body_size") == true)
    }

    // MARK: What comes from the network

    private func leases(_ change: (inout Lease) -> Void) async throws -> [Lease] {
        let job = JobDescription(method: "ae", configuration: [:], dataset: "d", fingerprint: "f", seed: 0)
        var lease = Lease(
            identity: job.identity, job: job, token: LeaseToken(number: 1, seal: "s"), resources: JobResources(threads: 1, memory: 1, gpuMemory: 0), attempt: 1, duration: 2,
            heartbeat: 1, checkpoint: nil, checkpointInterval: .epochs(1))
        change(&lease)
        let body = String(decoding: try WireCoding.encode(LeaseResponse(coordinator: "c", leases: [lease])), as: UTF8.self)
        let server = AnsweringServer { _ in .init(body) }
        let worker = WorkerDescription.sample
        return try await CoordinatorClient(url: server.url, patience: 0)
            .lease(LeaseRequest(worker: worker, free: worker.resources, limit: 1, wait: 0)).leases
    }

    /// An identity becomes a file's name: it is the SHA-256 of the job that came with it, or the answer counts for nothing.
    @Test func identitiesAreThoseOfTheirJobs() async throws {
        #expect(try await leases { _ in }.count == 1)
        for identity in ["../newvictim/../nv", "", String(repeating: "a", count: 64), String(repeating: "A", count: 64)] {
            let error = await #expect(throws: ClientError.self) { try await leases { $0.identity = identity } }
            #expect(error?.description.contains("SHA-256") == true)
        }
        await #expect(throws: ClientError.self) { try await leases { $0.job.seed = 1 } }
        await #expect(throws: ClientError.self) { try await leases { $0.trainedWeights = "../../etc/passwd" } }
        let engine = EngineClass(platform: .init(device: "cpu", libtorch: "l", kernels: "k"), precision: .float32, threads: 1)
        await #expect(throws: ClientError.self) { try await leases { $0.checkpoint = .init(sha256: "?x=", work: 1, engine: engine) } }
    }
}
