import Catalogue
import NIOCore
import Synchronization
import Wire

/// Reads lease requests. A worker asks with the same words again and again: those that were read before are known by their
/// bytes.
final class LeaseRequestReader: Sendable {
    private let known = Mutex<[ByteBuffer: LeaseRequest]>([:])

    /// - Throws: a `Problem` when the bytes are no lease request.
    func read(_ bytes: ByteBuffer) throws -> LeaseRequest {
        if let request = known.withLock({ $0[bytes] }) { return request }
        let request: LeaseRequest = try CoordinatorRoutes.decode(bytes)
        try RequestBounds.require(request.limit, in: RequestBounds.leaseLimit, "limit")
        guard WorkerInstance.isValid(request.worker.instance) else {
            throw Problem(status: 400, title: "bad body", detail: "'worker.instance' must be 32 hexadecimal digits, drawn at random when a worker starts")
        }
        try require(request.free, "free")
        try require(request.worker)
        try RequestBounds.require(request.wait, in: RequestBounds.wait, "wait")
        if bytes.readableBytes <= 16 << 10 {
            known.withLock { known in
                if known.count >= 2000 { known = [:] }
                known[bytes] = request
            }
        }
        return request
    }

    private func require(_ worker: WorkerDescription) throws(Problem) {
        try require(worker.resources, "worker.resources")
        try RequestBounds.require(worker.name, "worker.name")
        try RequestBounds.require(worker.host, "worker.host")
        try RequestBounds.require(worker.platform, "worker.platform")
        try RequestBounds.require(worker.datasets, "worker.datasets")
        for (names, part) in [(worker.methods, "methods"), (worker.weights, "weights"), (worker.tags, "tags")] {
            try RequestBounds.require(names, "worker.\(part)")
        }
    }

    private func require(_ resources: WorkerResources, _ name: String) throws(Problem) {
        try RequestBounds.require(resources.threads, in: RequestBounds.threads, "\(name).threads")
        for memory in [resources.memory] + resources.gpus { try RequestBounds.require(memory, in: RequestBounds.memory, "\(name).memory") }
    }
}
