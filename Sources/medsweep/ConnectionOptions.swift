import ArgumentParser
import Client
import Coordinator
import DurableFiles
import Foundation

/// Which coordinator a command talks to: a running one by its address, or an embedded one on a state folder.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The coordinator's address, e.g. http://host:7733 (default: $MEDSWEEP_COORDINATOR).")
    var coordinator: String?

    @Option(help: "A state folder to look into when no coordinator is named.")
    var state = "medsweep-state"

    @Option(help: "A file whose first line is the bearer token.")
    var tokenFile: String?

    @Option(help: "A file of certificates (PEM) to trust for https.")
    var caFile: String?

    /// The address given on the command line or in the environment.
    private var address: String? { coordinator ?? ProcessInfo.processInfo.environment["MEDSWEEP_COORDINATOR"] }

    var stateFolder: URL { URL(filePath: state, directoryHint: .isDirectory) }

    /// Whether there is anything to talk to.
    var exists: Bool {
        address != nil || FileManager.default.fileExists(atPath: stateFolder.appending(path: "medsweep.sqlite").path)
    }

    /// Calls `body` with a client of the coordinator. One that serves the state folder already is used; else an
    /// embedded one runs for as long as `body` does.
    func withClient<Result: Sendable>(
        _ body: @Sendable @escaping (CoordinatorClient) async throws -> Result
    ) async throws -> Result {
        if let address { return try await body(client(address)) }
        guard exists else {
            throw Failure(
                .noInput, "there is no sweep in '\(state)'; name a coordinator with --coordinator or a folder with --state")
        }
        if let served = ServedAddress.read(from: stateFolder) { return try await body(client(served)) }
        return try await EmbeddedCoordinator.run(state: stateFolder) { address in try await body(client(address)) }
    }

    func client(_ address: String) throws -> CoordinatorClient {
        guard let url = URL(string: address), url.scheme == "http" || url.scheme == "https", url.host != nil else {
            throw Failure(.usage, "'\(address)' is not an address; write http://host:port")
        }
        return try CoordinatorClient(
            url: url, token: tokenFile.map { try BearerToken.read(from: $0) },
            certificates: caFile.map { try CertificateFile.check($0) })
    }
}

/// A coordinator inside this process.
enum EmbeddedCoordinator {
    /// Runs a coordinator on a free loopback port while `body` runs.
    static func run<Result: Sendable>(
        state: URL, _ body: @Sendable @escaping (_ address: String) async throws -> Result
    ) async throws -> Result {
        let server = try CoordinatorServer(
            configuration: CoordinatorConfiguration(stateFolder: state, host: "127.0.0.1", port: 0, logLevel: .warning))
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            let (addresses, announce) = AsyncStream.makeStream(of: String.self)
            group.addTask {
                try await server.run { host, port in
                    announce.yield("http://\(host):\(port)")
                    announce.finish()
                }
                announce.finish()
                return nil
            }
            group.addTask {
                for await address in addresses { return try await body(address) }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result {
                    group.cancelAll()
                    // The server's end is waited for, so that the state folder is free afterwards.
                    while let _ = try? await group.next() {}
                    return result
                }
            }
            throw CancellationError()
        }
    }
}

/// The file in a state folder that tells where its coordinator listens.
enum ServedAddress {
    private static func file(_ state: URL) -> URL { state.appending(path: "address") }

    /// The address of the coordinator that serves the folder now, if one does.
    static func read(from state: URL) -> String? {
        guard let text = try? String(contentsOf: file(state), encoding: .utf8) else { return nil }
        let parts = text.split(whereSeparator: \.isWhitespace)
        // The process that wrote it must still be there.
        guard parts.count == 2, let process = Int32(parts[1]), kill(process, 0) == 0 || errno == EPERM else { return nil }
        return String(parts[0])
    }

    static func write(_ address: String, to state: URL) throws {
        try DurableFile.write(Data("\(address) \(getpid())\n".utf8), to: file(state))
    }

    static func remove(from state: URL) { try? FileManager.default.removeItem(at: file(state)) }
}
