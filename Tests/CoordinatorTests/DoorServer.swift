import Foundation
import Testing

@testable import Coordinator

/// A coordinator on a free loopback port with a folder of its own, set up as a test likes.
final class DoorServer: Sendable {
    let folder: URL
    let port: Int
    private let task: Task<Void, any Error>

    init(_ change: (inout CoordinatorConfiguration) throws -> Void = { _ in }) async throws {
        folder = URL.temporaryDirectory.appending(path: "medsweep-doors-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var configuration = CoordinatorConfiguration(
            stateFolder: folder.appending(path: "state"), port: 0, logLevel: .critical)
        try change(&configuration)
        let server = try CoordinatorServer(configuration: configuration)
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        task = Task {
            defer { announce.finish() }
            try await server.run { _, port in announce.yield(port) }
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await task.value
            throw CancellationError()
        }
        self.port = port
    }

    /// Stops serving and removes the folder.
    func end() async throws {
        task.cancel()
        try await task.value
        try FileManager.default.removeItem(at: folder)
    }

    /// A new connection.
    func connect() throws -> RawConnection { try RawConnection(port: port) }

    /// The status of one request over a connection of its own.
    func status(
        _ method: String, _ path: String, _ body: String? = nil, token: String? = nil
    ) async throws -> Int? {
        let connection = try connect()
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        await connection.send(head + "\r\n" + (body ?? ""))
        return await connection.answer()?.status
    }

    /// Whether a plain question still gets its answer.
    var isWell: Bool { get async { (try? await status("GET", "/healthz")) == 200 } }

    /// Waits up to ten seconds until ``isWell``.
    func becomesWell() async -> Bool {
        for _ in 0..<200 {
            if await isWell { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
