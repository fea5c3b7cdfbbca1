import Synchronization

/// The requests that wait for work. When there may be some, a few are woken, the longest waiting first; each that has
/// looked lets the next one look as long as something is left. So a thousand idle workers cost nothing, and one new job
/// does not make all of them ask at once.
final class LeaseWaiters: Sendable {
    private struct Waiter {
        let continuation: CheckedContinuation<Void, Never>
        /// The news that it has looked at already.
        let seen: Int
    }

    private struct State {
        var waiting: [Int: Waiter] = [:]
        /// Numbers in `waiting`, the oldest first, and some that are gone.
        var order: [Int] = []
        var next = 0
        var news = 0
        var isClosed = false
    }

    /// Requests that look at the same time when there is news.
    private static let width = 4

    private let state = Mutex(State())

    /// Whether the coordinator is on its way out.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Grows with every ``notify()``. To be read before looking for work.
    var news: Int { state.withLock { $0.news } }

    /// There may be work for somebody.
    func notify() {
        let woken = state.withLock { state in
            state.news += 1
            return Self.take(Self.width, from: &state)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Somebody has looked and left work behind: the next one shall look.
    func passOn() {
        let woken = state.withLock { Self.take(1, from: &$0) }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// From now on nobody waits.
    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            defer { (state.waiting, state.order) = ([:], []) }
            return Array(state.waiting.values)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Takes the oldest that have not looked at the news.
    private static func take(_ count: Int, from state: inout State) -> [Waiter] {
        var taken: [Waiter] = []
        var kept: [Int] = []
        var index = 0
        while index < state.order.count, taken.count < count {
            let number = state.order[index]
            index += 1
            guard let waiter = state.waiting[number] else { continue }
            if waiter.seen < state.news {
                state.waiting[number] = nil
                taken.append(waiter)
            } else {
                kept.append(number)
            }
        }
        state.order.replaceSubrange(0..<index, with: kept)
        return taken
    }

    /// Returns when it is this request's turn to look, after `seconds`, or when the task is cancelled.
    /// - Parameter seen: ``news`` before the request last looked.
    func wait(seconds: Double, seen: Int) async {
        let number = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        let alarm = Task {
            try? await Task.sleep(for: .seconds(seconds))
            wake(number)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isClosed || Task.isCancelled || state.news > seen { return true }
                    state.waiting[number] = Waiter(continuation: continuation, seen: seen)
                    state.order.append(number)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake(number)
        }
        alarm.cancel()
    }

    private func wake(_ number: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiting.removeValue(forKey: number)
            // Numbers of those that gave up are swept out now and then.
            if state.order.count > 64, state.order.count > 2 * state.waiting.count {
                let waiting = state.waiting
                state.order.removeAll { waiting[$0] == nil }
            }
            return waiter
        }
        waiter?.continuation.resume()
    }
}
