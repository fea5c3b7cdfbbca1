import Foundation
import Synchronization

/// An HTTP server on a loopback port that answers as a closure says, and remembers what it was asked.
public final class AnsweringServer: Sendable {
    /// A request that came.
    public struct Request: Sendable, Hashable {
        public let method: String
        /// The path with its query, as it was sent.
        public let path: String
        public let body: String
    }

    /// What goes back.
    public struct Answer: Sendable {
        let status: Int
        let body: String

        public init(_ body: String, status: Int = 200) {
            self.status = status
            self.body = body
        }

        /// A refusal as a coordinator words it.
        public static func problem(_ status: Int, _ detail: String) -> Answer {
            Answer(#"{"status":\#(status),"title":"refused","detail":"\#(detail)"}"#, status: status)
        }
    }

    private let listener: Int32
    private let port: UInt16
    private let answer: @Sendable (Request) -> Answer
    private let seen = Mutex<[Request]>([])

    public init(_ answer: @escaping @Sendable (Request) -> Answer) {
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
                guard connection >= 0, let server = self else { return }
                Thread.detachNewThread { server.serve(connection) }
            }
        }
    }

    deinit {
        // Wakes the thread that waits in `accept`.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    public var address: String { "http://127.0.0.1:\(port)" }
    public var url: URL { URL(string: address)! }
    /// What it was asked, in order.
    public var requests: [Request] { seen.withLock { $0 } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var data = Data()
        while let request = read(connection, &data) {
            seen.withLock { $0.append(request) }
            let answer = answer(request)
            let text = "HTTP/1.1 \(answer.status) X\r\nContent-Length: \(answer.body.utf8.count)\r\n\r\n\(answer.body)"
            let sent = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent == text.utf8.count else { return }
        }
    }

    /// The next whole request of a connection; `data` keeps what came beyond it.
    private func read(_ connection: Int32, _ data: inout Data) -> Request? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = data.range(of: Data("\r\n\r\n".utf8)) {
                let head = String(decoding: data[..<end.lowerBound], as: UTF8.self)
                let length = head.lowercased().components(separatedBy: "content-length: ").dropFirst().first
                    .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
                if data.count >= end.upperBound + length {
                    let words = head.components(separatedBy: "\r\n")[0].split(separator: " ").map(String.init)
                    let body = String(decoding: data[end.upperBound..<end.upperBound + length], as: UTF8.self)
                    data = Data(data[(end.upperBound + length)...])
                    return words.count == 3 ? Request(method: words[0], path: words[1], body: body) : nil
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            data.append(contentsOf: buffer[..<count])
        }
    }
}
