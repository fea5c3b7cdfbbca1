import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Whole HTTP/1.1 messages over plain sockets, as bytes: as much of HTTP as a man in the middle needs.
enum HTTPExchange {
    /// Reads one message with its body.
    /// - Returns: `nil` when the connection ends before the message does.
    static func read(_ descriptor: Int32) -> Data? {
        var message = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var size: Int?
        while true {
            if size == nil, let end = message.range(of: Data("\r\n\r\n".utf8)) {
                let head = String(decoding: message[..<end.lowerBound], as: UTF8.self).lowercased()
                let length = head.components(separatedBy: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
                size = end.upperBound + (length ?? 0)
            }
            if let size, message.count >= size { return message }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            message.append(contentsOf: buffer[..<count])
        }
    }

    /// Writes all bytes, or as many as the other end takes.
    static func write(_ bytes: Data, to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// The bytes before a message's body.
    static func headLength(_ message: Data) -> Int {
        message.range(of: Data("\r\n\r\n".utf8)).map(\.upperBound) ?? message.count
    }

    /// A connection to a loopback port, or `nil` when nobody listens there.
    static func connect(to port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port)
        let status = withUnsafeBytes(of: &address) { bytes in
            Glibc.connect(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// A listening socket on a free loopback port.
    static func listen() -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard bind(descriptor, pointer, length) == 0, Glibc.listen(descriptor, 128) == 0 else { return Int32(-1) }
            return getsockname(descriptor, pointer, &length)
        }
        precondition(status == 0, "there is no free loopback port")
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        return address
    }
}
