import Foundation
import Synchronization

/// Connections to one coordinator, each used by one request at a time and kept for the next.
final class ConnectionPool: Sendable {
    private let idle = Mutex<[ConnectionThread]>([])
    private let token: String?
    private let certificates: URL?
    private let proxies: ProxySettings
    /// Whether something in between has refused a large body.
    let takesParts = Atomic(false)

    init(token: String?, certificates: URL?, proxies: ProxySettings) {
        self.token = token
        self.certificates = certificates
        self.proxies = proxies
    }

    /// Performs a request; a cancelled task ends it early.
    func perform(_ transfer: Transfer) async throws -> Transfer.Answer {
        let isCancelled = CancelFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let thread = idle.withLock { $0.popLast() }
                    ?? ConnectionThread(Connection(token: token, certificates: certificates, proxies: proxies))
                thread.run { connection in
                    let result = Result { try connection.perform(transfer) { isCancelled.value } }
                    self.idle.withLock { $0.append(thread) }
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }
}

/// A connection with the thread that its requests block, for a minute when they wait for work. A dispatch queue would take
/// threads from those that Swift's tasks run on, of which a small machine has one or two; a new thread for every request costs
/// more than the request. The thread ends with the last reference.
private final class ConnectionThread: Sendable {
    typealias Work = @Sendable (Connection) -> Void

    private enum Order {
        case wait
        case run(Work)
        case end
    }

    /// What both sides hold.
    private final class Desk: Sendable {
        let order = Mutex(Order.wait)
        let bell = DispatchSemaphore(value: 0)

        func give(_ new: Order) {
            order.withLock { $0 = new }
            bell.signal()
        }

        func take() -> Order {
            bell.wait()
            return order.withLock { order in
                defer { order = .wait }
                return order
            }
        }
    }

    private let desk = Desk()

    init(_ connection: Connection) {
        let desk = desk
        Thread.detachNewThread {
            while true {
                // What was run is let go before the next order is waited for: it may hold the last reference.
                switch desk.take() {
                case .wait: continue
                case .run(let work): work(connection)
                case .end: return
                }
            }
        }
    }

    deinit { desk.give(.end) }

    /// Does something on the thread. The one before must have ended, or be about to end as the last thing it does.
    func run(_ work: @escaping Work) { desk.give(.run(work)) }
}

private final class CancelFlag: Sendable {
    private let flag = Atomic(false)
    var value: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}
