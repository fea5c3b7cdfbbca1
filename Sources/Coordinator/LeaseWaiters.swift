import Synchronization

/// The requests that wait for work, woken as soon as there may be some.
final class LeaseWaiters: Sendable {
    private struct State {
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Whether the coordinator is on its way out.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Wakes all who wait.
    func notify() {
        let woken = state.withLock { state in
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in woken { continuation.resume() }
    }

    /// From now on nobody waits.
    func close() {
        state.withLock { $0.isClosed = true }
        notify()
    }

    /// Returns at the next ``notify()``, after `seconds`, or when the task is cancelled.
    func wait(seconds: Double) async {
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
                    if state.isClosed || Task.isCancelled { return true }
                    state.waiting[number] = continuation
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
        state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
    }
}
