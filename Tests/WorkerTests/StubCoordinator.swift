import Foundation
import Synchronization

/// A server that answers each request as a test says, one connection a thread.
final class StubCoordinator: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        let body: Data
        let time: Date
    }

    typealias Answer = @Sendable (Request) -> (status: Int, body: String)

    private let listener: Int32
    private let port: UInt16
    private let seen = Mutex<[Request]>([])
    private let answer: Answer

    init(_ answer: @escaping Answer) {
        self.answer = answer
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(listener, pointer, length)
                _ = getsockname(listener, pointer, &length)
            }
        }
        listen(listener, 16)
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [weak self] in
                    self?.serve(connection)
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var url: URL { URL(string: "http://127.0.0.1:\(port)")! }

    /// The requests that came, in order.
    var requests: [Request] { seen.withLock { $0 } }

    /// The first request whose path ends with `name`, waited for.
    func request(_ name: String, seconds: Double = 10) async -> Request? {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if let found = requests.first(where: { $0.path.hasSuffix(name) }) { return found }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    private func serve(_ connection: Int32) {
        while let request = read(connection) {
            seen.withLock { $0.append(request) }
            let (status, body) = answer(request)
            let text = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
    }

    private func read(_ connection: Int32) -> Request? {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = data.range(of: Data("\r\n\r\n".utf8)) {
                let head = String(decoding: data[..<end.lowerBound], as: UTF8.self)
                let length = head.lowercased().components(separatedBy: "content-length: ").dropFirst().first
                    .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
                if data.count >= end.upperBound + length {
                    let words = head.split(separator: " ")
                    return Request(
                        method: String(words[0]), path: String(words[1]), body: data[end.upperBound..<end.upperBound + length],
                        time: Date())
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            data.append(contentsOf: buffer[..<count])
        }
    }
}
