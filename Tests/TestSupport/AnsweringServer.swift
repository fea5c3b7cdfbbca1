import Foundation
import Synchronization

/// An HTTP server on a loopback port that answers as a closure says, and remembers what it was asked.
public final class AnsweringServer: Sendable {
    public typealias Request = LoopbackServer.Request

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

    private final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private let server: LoopbackServer
    private let seen = Seen()

    /// - Parameter answer: may block, which holds up its own connection only.
    public init(_ answer: @escaping @Sendable (Request) -> Answer) {
        server = LoopbackServer { [seen] connection in
            while let request = connection.request() {
                seen.requests.withLock { $0.append(request) }
                let answer = answer(request)
                guard connection.answer(answer.status, answer.body) else { return }
            }
        }
    }

    public var url: URL { server.url }
    public var address: String { url.absoluteString }
    /// What it was asked, in order.
    public var requests: [Request] { seen.requests.withLock { $0 } }

    /// The first request whose path ends with `name`, waited for.
    public func request(_ name: String, seconds: Double = 10) async -> Request? {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if let found = requests.first(where: { $0.path.hasSuffix(name) }) { return found }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }
}
