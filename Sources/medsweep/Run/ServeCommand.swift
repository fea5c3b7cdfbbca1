import ArgumentParser
import Coordinator
import Foundation
import Host

/// `medsweep serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs a coordinator until it is stopped.",
        discussion: """
            Keeps its queue, results and files in the state folder. Beyond loopback it listens only with a token file: \
            lines of `worker TOKEN` or `operator TOKEN`.

            Example: medsweep serve --host 0.0.0.0 --port 7733 --token-file tokens
            """)

    @Option(help: "The folder that keeps jobs, results and files.")
    var state = "medsweep-state"

    @Option(help: "postgres://user@host/database to keep the queue there, for several coordinators (default: SQLite in the state folder).")
    var store: String?

    @Option(help: "The folder that keeps files; several coordinators need one that all of them see (default: in the state folder).")
    var artefacts: String?

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0: any that is free.")
    var port = 7733

    @Option(help: "A file of bearer tokens: lines of `worker TOKEN` or `operator TOKEN`.")
    var tokenFile: String?

    @Option(help: "Serve https with this certificate: a PEM file of it and those that lead to its root.")
    var tlsCertificate: String?

    @Option(help: "The certificate's private key: a PEM file without a passphrase.")
    var tlsKey: String?

    @Option(
        help: """
            Where a proxy serves the dashboard, e.g. https://lab.example; may be given several times. Needed where browsers \
            reach it over http, or without tokens.
            """)
    var origin: [String] = []

    @Option(help: "The most connections at once; further ones are closed.")
    var maxConnections = 4096

    @Option(help: "Seconds after which a lease runs out unless a heartbeat comes.")
    var lease = 30.0

    @Option(help: "Seconds between a worker's heartbeats.")
    var heartbeat = 5.0

    func validate() throws {
        if let store, !store.hasPrefix("postgres://"), !store.hasPrefix("postgresql://") {
            throw ValidationError("--store takes an address like postgres://user@host/database")
        }
        guard (0...65_535).contains(port) else { throw ValidationError("--port takes a number from 0 to 65535") }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together; give both or neither")
        }
        for origin in origin where WebOrigin(origin) == nil {
            throw ValidationError("--origin takes an address like https://lab.example, not '\(origin)'")
        }
        guard (1...1_000_000).contains(maxConnections) else {
            throw ValidationError("--max-connections takes a number from 1 to 1000000")
        }
        guard heartbeat > 0, lease >= 2 * heartbeat else {
            throw ValidationError("--lease must be at least twice --heartbeat, so that one lost heartbeat does no harm")
        }
    }

    func run() async throws {
        let stateFolder = URL(filePath: state, directoryHint: .isDirectory)
        var configuration = CoordinatorConfiguration(
            stateFolder: stateFolder, host: host, port: port, leaseDuration: lease, heartbeat: heartbeat,
            tokenFile: tokenFile.map { URL(filePath: $0) }, postgres: store,
            artefactFolder: artefacts.map { URL(filePath: $0, directoryHint: .isDirectory) })
        if let tlsCertificate, let tlsKey {
            configuration.tls = TLSFiles(certificate: URL(filePath: tlsCertificate), key: URL(filePath: tlsKey))
        }
        configuration.origins = Set(origin.compactMap { WebOrigin($0) })
        configuration.limits.connections = maxConnections
        let server = try CoordinatorServer(configuration: configuration)
        let scheme = configuration.tls == nil ? "http" : "https"
        let (orders, giver) = AsyncStream.makeStream(of: StopOrder.self)
        let signals = StopSignals { order in
            if case .atOnce(let exitCode) = order { _exit(exitCode) }
            giver.yield(order)
        }
        defer { withExtendedLifetime(signals) {} }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.run { host, port in
                    try? ServedAddress.write("\(scheme)://\(host):\(port)", to: stateFolder)
                    Terminal.note("listening on \(scheme)://\(host):\(port), state in '\(stateFolder.path)'")
                }
            }
            group.addTask {
                for await _ in orders {
                    Terminal.note("stopping")
                    return
                }
            }
            defer { ServedAddress.remove(from: stateFolder) }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
