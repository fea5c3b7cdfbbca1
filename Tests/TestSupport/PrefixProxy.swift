import Foundation

/// A web server that serves another under a path, as `location /lab/ { proxy_pass http://127.0.0.1:PORT/; }` makes nginx do: the path
/// is taken off, and `Host` is the served one's.
public final class PrefixProxy: Sendable {
    private let server: LoopbackServer

    /// - Parameters:
    ///   - prefix: begins and ends with a slash.
    ///   - port: of the server behind it, on the loopback.
    public init(_ prefix: String, to port: Int) {
        server = LoopbackServer { connection in
            guard let request = connection.request(), request.path.hasPrefix(prefix) else {
                _ = connection.answer(404, "")
                return
            }
            var head =
                "\(request.method) /\(request.path.dropFirst(prefix.count)) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
            for field in request.fields where !["host", "connection"].contains(field.prefix { $0 != ":" }.lowercased()) {
                head += field + "\r\n"
            }
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard connected == 0 else {
                _ = connection.answer(502, "")
                return
            }
            let bytes = Data((head + "\r\n").utf8) + request.body
            _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0, connection.send(Data(buffer[..<count])) else { return }
            }
        }
    }

    public var port: Int { server.url.port! }
}
