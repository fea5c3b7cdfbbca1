import Foundation
import Synchronization
import TestSupport

#if canImport(Glibc)
import Glibc
#endif

/// A man in the middle between workers and a coordinator who, by a seed, delays, cuts and repeats what passes. Shut, he
/// is a cable that somebody has pulled.
final class FaultyProxy: Sendable {
    /// What can happen to a request.
    enum Fault: CaseIterable {
        /// It is passed on some time later.
        case delay
        /// The connection ends before any of it is passed on.
        case cutBeforeRequest
        /// The connection ends in the middle of its body.
        case cutInRequest
        /// It is carried out, but no answer comes back.
        case cutBeforeAnswer
        /// It is carried out, and the answer ends in the middle of its body.
        case cutInAnswer
        /// A POST: its bytes come a second time, on a connection of their own, before the answer goes back.
        case replay
        /// A POST: its bytes come again some seconds later, in the middle of whatever goes on by then.
        case lateReplay
    }

    private struct State {
        var random: SplitMix
        /// What happens to the next requests, `nil` being nothing. Dealt like cards, so that every fault has its turn.
        var deck: [Fault?] = []
        var counts: [Fault: Int] = [:]
        /// Answers with leases that are still to be lost.
        var lostLeases: Int
        var isOpen = true
        /// Requests whose bodies were too large.
        var refused = 0
        /// Sockets to break when the proxy is shut.
        var sockets: Set<Int32> = []
    }

    let port: Int
    private let target: Int
    private let listener: Int32
    private let cards: [Fault?]
    private let bodyLimit: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - isFaulty: `false`: nothing happens to what passes, but for `lostLeases`.
    ///   - lostLeases: the first answers with leases, which do not come back.
    ///   - bodyLimit: bytes of a body above which a request is refused, as nginx refuses it.
    init(to target: Int, seed: UInt64, isFaulty: Bool, lostLeases: Int = 0, bodyLimit: Int = .max) {
        self.target = target
        self.bodyLimit = bodyLimit
        (listener, port) = HTTPExchange.listen()
        cards = isFaulty ? Fault.allCases + Fault.allCases + [Fault?](repeating: nil, count: 24) : [nil]
        state = Mutex(State(random: SplitMix(seed), lostLeases: lostLeases))
        Thread.detachNewThread { self.listen() }
    }

    var address: String { "http://127.0.0.1:\(port)" }

    /// How often each fault has happened.
    var counts: [Fault: Int] { state.withLock { $0.counts } }

    /// How many requests had bodies that were too large.
    var refused: Int { state.withLock { $0.refused } }

    /// Breaks all connections and lets none through until ``open()``.
    func shut() {
        state.withLock { state in
            state.isOpen = false
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    func open() { state.withLock { $0.isOpen = true } }

    /// Ends it for good.
    func end() {
        shut()
        // Wakes the thread that listens, which closes the socket.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    // MARK: Connections

    private func listen() {
        while true {
            let client = accept(listener, nil, nil)
            if client < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard client >= 0 else { break }
            Thread.detachNewThread { self.serve(client) }
        }
        close(listener)
    }

    private func serve(_ client: Int32) {
        guard register(client) else {
            close(client)
            return
        }
        defer { release(client) }
        while let request = HTTPExchange.read(client), pass(request, to: client) {}
    }

    /// - Returns: whether the connection goes on.
    private func pass(_ request: Data, to client: Int32) -> Bool {
        guard request.count - HTTPExchange.headLength(request) <= bodyLimit else {
            state.withLock { $0.refused += 1 }
            let page = "<html><center>nginx</center></html>"
            HTTPExchange.write(Data("HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: \(page.utf8.count)\r\n\r\n\(page)".utf8), to: client)
            return true
        }
        let fault = deal(isPost: request.starts(with: Data("POST ".utf8)))
        switch fault {
        case .cutBeforeRequest: return false
        case .cutInRequest:
            let head = HTTPExchange.headLength(request)
            _ = exchange(request.prefix(head + number(in: 0...(request.count - head) / 2)), isWhole: false)
            return false
        case .delay: usleep(useconds_t(number(in: 20...400) * 1000))
        case .lateReplay:
            let wait = number(in: 100...3000)
            Thread.detachNewThread {
                usleep(useconds_t(wait * 1000))
                _ = self.exchange(request)
            }
        case .cutBeforeAnswer, .cutInAnswer, .replay, nil: break
        }
        guard let answer = exchange(request), !isLost(answer, to: request) else { return false }
        switch fault {
        case .cutBeforeAnswer: return false
        case .cutInAnswer:
            HTTPExchange.write(answer.prefix(number(in: 1...answer.count - 1)), to: client)
            return false
        case .replay: _ = exchange(request)
        default: break
        }
        HTTPExchange.write(answer, to: client)
        return true
    }

    private func isLost(_ answer: Data, to request: Data) -> Bool {
        guard request.starts(with: Data("POST /v1/leases ".utf8)), answer.range(of: Data("\"token\":".utf8)) != nil else { return false }
        return state.withLock { state in
            defer { state.lostLeases = max(0, state.lostLeases - 1) }
            return state.lostLeases > 0
        }
    }

    /// Sends bytes to the coordinator and reads its answer.
    private func exchange(_ request: Data, isWhole: Bool = true) -> Data? {
        guard let upstream = HTTPExchange.connect(to: target) else { return nil }
        guard register(upstream) else {
            close(upstream)
            return nil
        }
        defer { release(upstream) }
        HTTPExchange.write(request, to: upstream)
        return isWhole ? HTTPExchange.read(upstream) : nil
    }

    private func register(_ socket: Int32) -> Bool {
        state.withLock { state in
            if state.isOpen { state.sockets.insert(socket) }
            return state.isOpen
        }
    }

    private func release(_ socket: Int32) {
        // Under the lock: a socket of the same number must not be broken in its place.
        state.withLock { state in
            state.sockets.remove(socket)
            close(socket)
        }
    }

    // MARK: Chance

    private func deal(isPost: Bool) -> Fault? {
        state.withLock { state in
            if state.deck.isEmpty { state.deck = cards.shuffled(using: &state.random) }
            guard let fault = state.deck.removeLast() else { return nil }
            if !isPost, fault == .replay || fault == .lateReplay { return nil }
            state.counts[fault, default: 0] += 1
            return fault
        }
    }

    private func number(in range: ClosedRange<Int>) -> Int {
        state.withLock { Int.random(in: range, using: &$0.random) }
    }
}
