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
        try RequestBounds.require(request.count, in: RequestBounds.leaseCount, "count")
        try RequestBounds.require(request.wait, in: RequestBounds.wait, "wait")
        if bytes.readableBytes <= 16 << 10 {
            known.withLock { known in
                if known.count >= 2000 { known = [:] }
                known[bytes] = request
            }
        }
        return request
    }
}
