import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

/// A coordinator: the store, the HTTP server in front of it and the clock that ends leases.
public struct CoordinatorServer: Sendable {
    private let configuration: CoordinatorConfiguration
    let routes: CoordinatorRoutes
    private let logger: Logger
    /// Held for as long as the server lives.
    private let folder: StateFolder
    private let tls: TLSConfiguration?

    /// Opens the state folder; nothing listens yet.
    /// - Throws: ``CoordinatorError``
    public init(configuration: CoordinatorConfiguration) throws {
        self.configuration = configuration
        let tokens = try configuration.tokenFile.map { try Tokens(file: $0) }
        tls = try configuration.tls.map { try $0.configuration() }
        guard tokens != nil || ["127.0.0.1", "::1", "localhost"].contains(configuration.host) else {
            throw CoordinatorError(
                .notLoopback, "a coordinator without tokens listens on this machine only, not on \(configuration.host); give it a --token-file")
        }
        var logger = Logger(label: "medsweep.coordinator") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = configuration.logLevel
        self.logger = logger
        let clockLogger = logger
        let folder = try StateFolder(configuration.stateFolder, holdsDatabase: configuration.postgres == nil)
        self.folder = folder
        let waiters = LeaseWaiters()
        let database: any JobDatabase = if let url = configuration.postgres {
            try PostgresDatabase(url, tell: { clockLogger.warning("\($0)") })
        } else {
            try SQLiteDatabase(folder, clock: SteadyClock(tell: { clockLogger.warning("\($0)") }))
        }
        let store = JobStore(database) { waiters.notify() }
        routes = CoordinatorRoutes(
            store: store,
            artefacts: ArtefactStore(folder: configuration.artefactFolder ?? folder.artefacts), waiters: waiters,
            configuration: configuration, tokens: tokens, seal: try LeaseSeal(of: database), logger: logger,
            sessions: DashboardSessions(isSecure: configuration.tls != nil),
            dashboard: DashboardStream(store: store, waiters: waiters, logger: logger), ownPage: OwnPage(origins: configuration.origins),
            bodies: MemoryBudget(bytes: configuration.limits.bodies),
            strangersBodies: MemoryBudget(bytes: configuration.limits.strangersBodies))
    }

    /// Serves until the surrounding task is cancelled; then stops listening, lets requests under way end and returns.
    /// - Parameter onListening: is told the address and port.
    /// - Throws: ``CoordinatorError`` when it cannot listen.
    public func run(onListening: @escaping @Sendable (_ host: String, _ port: Int) -> Void) async throws {
        defer { routes.store.close() }
        try await routes.store.adoptLeases(duration: configuration.leaseDuration)
        let host = configuration.host
        var quiet = logger
        // Hummingbird's own start and stop remarks are no news to a user.
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: routes.router(), server: try server(),
            configuration: .init(address: .hostname(host, port: configuration.port), serverName: nil),
            onServerRunning: { channel in
                onListening(host.contains(":") ? "[\(host)]" : host, channel.localAddress?.port ?? 0)
            }, logger: quiet)
        let expiry = ExpiryService(routes: routes, period: configuration.heartbeat / 2)
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: application, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: expiry),
                    .init(service: SubmitService(routes: routes, isAlone: configuration.postgres == nil)),
                ], logger: quiet))
        // A task of its own: cancelling the caller asks for an orderly end instead of breaking off.
        let task = Task { try await group.run() }
        do {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                Task { await group.triggerGracefulShutdown() }
            }
        } catch let error as IOError {
            throw listenError(error)
        }
    }

    /// HTTP/1.1, with TLS if so configured, every connection under its guard.
    private func server() throws -> HTTPServerBuilder {
        let limits = configuration.limits
        let count = ConnectionCount(limit: limits.connections)
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [RequestWatch(ConnectionGuard(limits: limits, count: count))],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.fieldBytes, maxHeaderListSize: limits.headBytes,
                    maxHeaderFieldCount: limits.fields)))
        return if let tls { try .tls(http, tlsConfiguration: tls) } else { http }
    }

    private func listenError(_ error: IOError) -> CoordinatorError {
        let place = "\(configuration.host):\(configuration.port)"
        if error.errnoCode == EADDRINUSE {
            return CoordinatorError(.portInUse, "\(place) is in use by another program; choose another --port, or stop that program")
        }
        return CoordinatorError(.cannotListen, "cannot listen on \(place): \(error); choose another --host or --port")
    }
}

/// Goes on with submits that were broken off by a coordinator's end: this one's last or, on a shared database, another's.
private struct SubmitService: Service {
    let routes: CoordinatorRoutes
    /// Seconds after which a submit that nobody goes on with is taken over; one's own former self is surely gone.
    let patience = 30.0
    let isAlone: Bool

    func run() async throws {
        var patience = isAlone ? 0 : patience
        await routes.repeating(every: 5, orSaying: "a submit that was broken off could not be gone on with") {
            defer { patience = self.patience }
            try await routes.store.resumeSubmits(
                idleFor: patience,
                parse: { try CoordinatorRoutes.parse($0, among: $0.contents) }, logger: routes.logger)
        }
    }
}

/// Ends leases that have run out.
private struct ExpiryService: Service {
    let routes: CoordinatorRoutes
    /// Seconds between looks.
    let period: Double

    func run() async throws {
        await routes.repeating(every: period, orSaying: "leases could not be ended") {
            try await routes.store.expire()
        }
    }
}

extension CoordinatorRoutes {
    /// Does something again and again until the coordinator stops, for which requests that wait for work are let go. Services
    /// stop one after the other: each must end its own pause.
    /// - Parameter failure: what is logged, with the reason, when `body` fails.
    fileprivate func repeating(every seconds: Double, orSaying failure: String, _ body: () async throws -> Void) async {
        await withGracefulShutdownHandler {
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                do {
                    try await body()
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("\(failure): \(error)")
                }
                await waiters.pause(seconds: seconds)
            }
        } onGracefulShutdown: {
            waiters.close()
        }
    }
}

extension LeaseWaiters {
    /// Waits, whatever is notified, but no longer than until the coordinator stops.
    fileprivate func pause(seconds: Double) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while !isClosed, !Task.isCancelled, ContinuousClock.now < end {
            await wait(seconds: (end - .now) / .seconds(1), seen: .max)
        }
    }
}
