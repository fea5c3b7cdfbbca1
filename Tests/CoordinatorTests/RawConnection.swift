import Foundation

/// A bare TCP connection to this machine: whatever bytes, whenever. Used by one task at a time.
final class RawConnection: @unchecked Sendable {
    private let descriptor: Int32
    /// Waiting blocks a thread: one of its own, since those of queues are few and Swift's tasks, which the coordinator
    /// needs, run on them too.
    private func blocking<Result: Sendable>(_ body: @Sendable @escaping () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            close(descriptor)
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    deinit { close(descriptor) }

    /// A connection that sends a request as soon as it is there.
    static func asking(_ port: Int, _ request: String) async throws -> RawConnection {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result {
                    let connection = try RawConnection(port: port)
                    _ = connection.sendNow(Data(request.utf8))
                    return connection
                })
            }
        }
    }

    /// Sends as much as the other end takes within five seconds; returns whether that was all.
    @discardableResult
    func send(_ text: String) async -> Bool { await send(Data(text.utf8)) }

    @discardableResult
    func send(_ data: Data) async -> Bool { await blocking { self.sendNow(data) } }

    private func sendNow(_ data: Data) -> Bool {
        var rest = data[...]
        var wait = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Sends `pieces`, one each `seconds`, until the other end closes; the seconds that took, or `nil` when it did not, and
    /// what came. In a thread of its own, so that busy tests beside it do not change the pace.
    func dribble(_ pieces: [String], every seconds: Double) async -> (seconds: Double?, text: String) {
        await blocking {
            let start = Date()
            var text = ""
            for piece in pieces {
                _ = self.sendNow(Data(piece.utf8))
                let came = self.receiveNow(seconds: seconds)
                text += came.text
                if came.isClosed { return (Date().timeIntervalSince(start), text) }
            }
            return (nil, text)
        }
    }

    /// Asks `count` times with a pause after each answer; the status of each.
    func ask(_ request: String, count: Int, pause: Double) async -> [Int?] {
        await blocking {
            (0..<count).map { _ in
                _ = self.sendNow(Data(request.utf8))
                let status = self.answerNow(seconds: 20)?.status
                Thread.sleep(forTimeInterval: pause)
                return status
            }
        }
    }

    /// What comes until the other end closes, or `seconds` have passed.
    func receive(seconds: Double) async -> (text: String, isClosed: Bool) {
        await blocking { self.receiveNow(seconds: seconds) }
    }

    private func receiveNow(seconds: Double) -> (text: String, isClosed: Bool) {
        var data = Data()
        let end = Date().addingTimeInterval(seconds)
        while true {
            guard let piece = piece(until: end) else { return (String(decoding: data, as: UTF8.self), false) }
            guard !piece.isEmpty else { return (String(decoding: data, as: UTF8.self), true) }
            data.append(piece)
        }
    }

    /// One answer's status and body, or `nil` when none comes in time.
    func answer(seconds: Double = 20) async -> (status: Int, body: String)? {
        await blocking { self.answerNow(seconds: seconds) }
    }

    private func answerNow(seconds: Double) -> (status: Int, body: String)? {
        var data = Data()
        let end = Date().addingTimeInterval(seconds)
        while true {
            if let split = data.range(of: Data("\r\n\r\n".utf8)) {
                let head = String(decoding: data[..<split.lowerBound], as: UTF8.self)
                let length = head.lowercased().components(separatedBy: "content-length: ").dropFirst().first
                    .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
                if data.count >= split.upperBound + length {
                    let body = data[split.upperBound..<split.upperBound + length]
                    return (Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0, String(decoding: body, as: UTF8.self))
                }
            }
            guard let piece = piece(until: end), !piece.isEmpty else { return nil }
            data.append(piece)
        }
    }

    /// Bytes; none at the connection's end; `nil` when the time is over.
    private func piece(until end: Date) -> Data? {
        let left = end.timeIntervalSinceNow
        guard left > 0 else { return nil }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard Foundation.poll(&poll, 1, Int32(left * 1000) + 1) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Data(buffer[..<count]) : Data()
    }
}
