import Foundation

/// Listens on a free loopback port and serves every connection in a thread of its own, which may block.
public final class LoopbackServer: Sendable {
    /// One connection of a client.
    public final class Connection {
        private let descriptor: Int32
        /// What came beyond the last request.
        private var rest = Data()

        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }

        /// The next whole request, waited for; `nil` when the client is gone.
        public func request() -> Request? {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                if let end = rest.range(of: Data("\r\n\r\n".utf8)) {
                    let head = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
                    let length = head.lowercased().components(separatedBy: "content-length: ").dropFirst().first
                        .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
                    if rest.count >= end.upperBound + length {
                        let lines = head.components(separatedBy: "\r\n")
                        let words = lines[0].split(separator: " ").map(String.init)
                        let body = Data(rest[end.upperBound..<end.upperBound + length])
                        rest = Data(rest[(end.upperBound + length)...])
                        return words.count == 3 ? Request(method: words[0], path: words[1], fields: Array(lines.dropFirst()), body: body) : nil
                    }
                }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return nil }
                rest.append(contentsOf: buffer[..<count])
            }
        }

        /// Sends an answer; false when the client does not take it whole.
        @discardableResult
        public func answer(_ status: Int, _ body: String) -> Bool {
            send("HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }

        /// Sends a text as it is; false when the client does not take it whole.
        @discardableResult
        public func send(_ text: String) -> Bool {
            send(Data(text.utf8))
        }

        /// Sends bytes as they are; false when the client does not take them all.
        @discardableResult
        public func send(_ data: Data) -> Bool {
            data.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } == data.count
        }
    }

    /// A request that came.
    public struct Request: Sendable, Hashable {
        public let method: String
        /// The path with its query, as it was sent.
        public let path: String
        /// The head's other lines.
        public let fields: [String]
        public let body: Data
    }

    private let listener: Int32
    private let port: UInt16

    public init(_ serve: @escaping @Sendable (Connection) -> Void) {
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
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else {
                    // Not sooner: the next server may get the same number, and this thread would answer for it.
                    close(listener)
                    return
                }
                Thread.detachNewThread { serve(Connection(descriptor)) }
            }
        }
    }

    deinit {
        // Wakes the thread that waits in `accept`.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    public var url: URL { URL(string: "http://127.0.0.1:\(port)")! }
}
