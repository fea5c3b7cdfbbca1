import Hummingbird
import NIOCore
import Synchronization
import Wire

/// Memory for bodies while they come, shared by all requests: clients that send half of one and wait must not take all there is.
final class MemoryBudget: Sendable {
    private let free: Mutex<Int>

    /// - Parameter bytes: what there is.
    init(bytes: Int) { free = Mutex(bytes) }

    private func take(_ bytes: Int) -> Bool {
        free.withLock { free in
            guard free >= bytes else { return false }
            free -= bytes
            return true
        }
    }

    private func giveBack(_ bytes: Int) { free.withLock { $0 += bytes } }

    /// A request's whole body.
    /// - Parameter limit: the most bytes that it may have.
    /// - Throws: a `Problem` when it has more, or when there is no memory left.
    func collect(_ request: Request, upTo limit: Int) async throws -> ByteBuffer {
        let tooLarge = Problem(status: 413, title: "too large", detail: "a body may have at most \(limit) bytes here")
        // What is said to be too large is not waited for.
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        var taken = 0
        defer { giveBack(taken) }
        var body = ByteBuffer()
        for try await var piece in request.body {
            let bytes = piece.readableBytes
            guard body.readableBytes + bytes <= limit else { throw tooLarge }
            guard take(bytes) else {
                throw Problem(
                    status: 503, title: "busy",
                    detail: "too many requests are being sent at once; send this one again in some seconds")
            }
            taken += bytes
            body.writeBuffer(&piece)
        }
        return body
    }
}
