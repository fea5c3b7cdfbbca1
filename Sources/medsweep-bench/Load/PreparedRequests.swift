import Catalogue
import Foundation
import Sweep
import Wire

/// The requests of the load as bytes, encoded once.
struct PreparedRequests {
    /// A result's bytes up to the identity, between identity and length, and between length and token.
    private let resultStart: [UInt8]
    private let resultMiddle: [UInt8]
    private let resultBody: [UInt8]
    private let fingerprint: String

    init(fingerprint: String) throws {
        self.fingerprint = fingerprint
        let result = JobResult(
            metrics: ["auc": 0.5, "ap": 0.5], losses: [], artefacts: [], trainingSeconds: 0, wallSeconds: 0,
            peakMemory: 0, worker: "bench-0", host: "bench",
            engine: EngineClass(platform: Self.platform, precision: .float32, threads: 1))
        // The token is the last of the sorted keys, so it can be put at the end: `…,"token":"0."}`.
        let token = LeaseToken(number: 0)
        resultBody = Array(try WireCoding.encode(ResultRequest(token: token, result: result)).dropLast(token.text.utf8.count + 3))
        let path = Routes.result("#").split(separator: "#")
        resultStart = Array("POST \(path[0])".utf8)
        resultMiddle = Array("\(path[1]) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ".utf8)
    }

    /// A request for `count` jobs by the worker with this number.
    func lease(worker: Int, count: Int, wait: Double = 0) throws -> [UInt8] {
        // Room for as many jobs as there can be.
        let resources = WorkerResources(threads: 1 << 19, memory: 1 << 52)
        let description = WorkerDescription(
            name: "bench-\(worker)", instance: WorkerInstance.make(), host: "bench", resources: resources, platform: Self.platform,
            datasets: [NoOpSweeps.dataset: DatasetContent(fingerprint: fingerprint)], methods: ["ae", "ae-l1", "ae-ssim", "vae"])
        return Self.post(
            Routes.leases, try WireCoding.encode(LeaseRequest(worker: description, free: resources, limit: count, wait: wait)))
    }

    /// Of a worker that trains nothing.
    private static let platform = EngineClass.Platform(device: "cpu", libtorch: "none", kernels: "none")

    static func get(_ path: String) -> [UInt8] { Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8) }

    private static func post(_ path: String, _ body: Data) -> [UInt8] {
        Array("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
            + body
    }

    /// Puts the result of a leased job into `buffer`.
    func result(of job: LeasedJobs.Job, into buffer: inout [UInt8]) {
        var digits: [UInt8] = []
        func append(_ number: Int) {
            digits.removeAll(keepingCapacity: true)
            var rest = number
            repeat {
                digits.append(UInt8(48 + rest % 10))
                rest /= 10
            } while rest > 0
            buffer.append(contentsOf: digits.reversed())
        }
        buffer.removeAll(keepingCapacity: true)
        buffer += resultStart
        withUnsafeBytes(of: job.identity) { buffer += $0 }
        buffer += resultMiddle
        append(resultBody.count + job.token.count + 1)
        buffer += [13, 10, 13, 10]
        buffer += resultBody
        buffer += job.token
        buffer.append(UInt8(ascii: "}"))
    }
}
