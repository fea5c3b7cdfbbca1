import Glibc

/// One HTTP/1.1 connection that is kept open. It sends prepared bytes and reads no more of an answer than a measurement
/// needs: the generator shares its cores with the coordinator, so whatever it spends is missing there.
final class LoadConnection {
    let descriptor: Int32
    private(set) var answer = ReceiveBuffer()
    /// Where the answer's body begins, once it has arrived whole.
    private(set) var bodyStart = 0
    /// When the request under way was sent, in nanoseconds.
    private(set) var asked: UInt64 = 0
    /// Where the whole answer ends, once its head is there.
    private var expected: Int?

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw BenchError("cannot open a socket: \(String(cString: strerror(errno)))") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            throw BenchError("cannot connect to the coordinator: \(String(cString: strerror(errno)))")
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        close(descriptor)
        answer.free()
    }

    /// Makes reading return at once, for use with poll.
    func stopBlocking() { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }

    /// Sends a request; the answer to the one before must have been read.
    func send(_ request: UnsafeRawBufferPointer) throws {
        answer.removeAll()
        expected = nil
        asked = MonotonicClock.nanoseconds
        var sent = 0
        while sent < request.count {
            let count = Glibc.send(descriptor, request.baseAddress! + sent, request.count - sent, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { throw BenchError("the coordinator closed a connection of the load generator") }
            sent += count
        }
    }

    func send(_ request: [UInt8]) throws { try request.withUnsafeBytes { try send($0) } }

    /// Reads what there is and tells whether the answer is whole.
    /// - Throws: ``BenchError`` when it is not a success.
    func receive() throws -> Bool {
        guard try answer.receive(from: descriptor) else { return false }
        if expected == nil {
            guard let end = answer.find("\r\n\r\n") else { return false }
            // `HTTP/1.1 200 OK`
            guard answer.number(at: 9) == 200 else { throw BenchError("the coordinator refused a request: \(answer.text)") }
            guard let length = answer.find("ontent-Length: ", to: end) ?? answer.find("ontent-length: ", to: end) else {
                throw BenchError("the coordinator's answer has no Content-Length: \(answer.text)")
            }
            bodyStart = end + 4
            expected = bodyStart + answer.number(at: length + 15)
        }
        return answer.count >= expected!
    }

    /// Sends a request, waits for its answer and returns the seconds that it took.
    @discardableResult
    func exchange(_ request: [UInt8]) throws -> Double {
        try send(request)
        while try !receive() {}
        return Double(MonotonicClock.nanoseconds - asked) / 1e9
    }

    /// The answer's body.
    var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: answer.bytes + bodyStart, count: answer.count - bodyStart)
    }
}
