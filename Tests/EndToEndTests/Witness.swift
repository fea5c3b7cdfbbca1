import Catalogue
import Client
import Foundation
import Wire

/// A worker inside the test that does not train, but remembers what the coordinator has said yes to.
struct Witness {
    let name: String
    let fingerprint: String

    private static let engine = EngineClass(
        platform: .init(device: "none", libtorch: "none", kernels: "none"), precision: .float32, threads: 1)

    /// Answers jobs of a coordinator until it has `count` acknowledgements or no more work comes.
    /// - Returns: the result of each job that the coordinator has acknowledged to be the recorded one.
    func work(at address: String, count: Int) async -> [String: JobResult] {
        let client = CoordinatorClient(url: URL(string: address)!, patience: 0)
        let about = WorkerDescription(
            name: name, instance: WorkerInstance.make(), host: "localhost", resources: WorkerResources(threads: 64, memory: 1 << 40), platform: Witness.engine.platform,
            datasets: ["discs": DatasetContent(fingerprint: fingerprint)], methods: Catalogue.methods.map(\.name))
        var acknowledged: [String: JobResult] = [:]
        while acknowledged.count < count {
            guard let leases = try? await client.lease(LeaseRequest(worker: about, free: about.resources, limit: 16, wait: 5)).leases else {
                try? await Task.sleep(for: .milliseconds(50))
                continue
            }
            if leases.isEmpty { break }
            for lease in leases {
                let result = JobResult(
                    metrics: ["auc": Double(lease.token.number) / 1000, "ap": Double(acknowledged.count) / 1000], losses: [], artefacts: [],
                    trainingSeconds: 0, wallSeconds: 0, peakMemory: 0, worker: name, host: "localhost", engine: Witness.engine)
                let answer = try? await client.result(lease.identity, ResultRequest(token: lease.token, result: result))
                if answer?.recorded == true { acknowledged[lease.identity] = result }
            }
        }
        return acknowledged
    }
}
