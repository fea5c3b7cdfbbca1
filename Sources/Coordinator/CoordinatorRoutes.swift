import Catalogue
import Foundation
import Hummingbird
import Logging
import NIOCore
import Sweep
import Wire

/// The HTTP interface over a store.
struct CoordinatorRoutes: Sendable {
    let store: JobStore
    let artefacts: ArtefactStore
    let waiters: LeaseWaiters
    let configuration: CoordinatorConfiguration
    let tokens: Tokens?
    let seal: LeaseSeal
    let logger: Logger
    let sessions: DashboardSessions
    let dashboard: DashboardStream

    let ownPage: OwnPage
    /// Memory for bodies that are on their way, of those that may ask.
    let bodies: MemoryBudget
    /// The same, of those that have shown no token.
    let strangersBodies: MemoryBudget

    let requests = RequestMeter()
    let leaseRequests = LeaseRequestReader()

    /// The most bytes of a body that is not a file.
    private static let bodyLimit = 8 << 20
    /// The most bytes of a body that anybody may send: a token with its name.
    private static let strangersBodyLimit = 4 << 10

    var now: Double { Date().timeIntervalSince1970 }

    func router() -> Router<CoordinatorContext> {
        let router = Router(context: CoordinatorContext.self)
        router.add(middleware: RequestMeterMiddleware(meter: requests))
        router.add(middleware: ProblemMiddleware(store: store, logger: logger))
        router.add(middleware: HostMiddleware(isLoopbackOnly: tokens == nil, origins: ownPage.origins))
        if let tokens {
            router.add(middleware: TokenMiddleware(tokens: tokens, sessions: sessions, ownPage: ownPage))
        } else {
            router.add(middleware: SameOriginMiddleware(ownPage: ownPage))
        }
        addOperatorRoutes(router)
        addWorkerRoutes(router)
        addMetricsRoutes(router)
        addArtefactRoutes(router)
        addDashboardRoutes(router)
        addDocumentRoute(router)
        router.add(middleware: KnownPathMiddleware(router.routes))
        return router
    }

    // MARK: Bodies

    /// The request's body, decoded.
    func body<Value: Decodable>(_ request: Request) async throws -> Value { try await Self.decode(bytes(of: request)) }

    /// The request's body.
    func bytes(of request: Request) async throws -> ByteBuffer {
        try await bodies.collect(request, upTo: Self.bodyLimit)
    }

    /// The body of a request that anybody may send.
    func strangersBytes(of request: Request) async throws -> ByteBuffer {
        try await strangersBodies.collect(request, upTo: Self.strangersBodyLimit)
    }

    static func decode<Value: Decodable>(_ bytes: ByteBuffer) throws -> Value {
        do {
            return try WireCoding.decode(from: Data(bytes.readableBytesView))
        } catch let error as DecodingError {
            throw Problem(status: 400, title: "bad body", detail: "the body cannot be read: \(reason(error))")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
        switch error {
        case .keyNotFound(let key, let context):
            return "it lacks '\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))'"
        case .typeMismatch(_, let context): return "'\(path(context))' has the wrong type"
        case .valueNotFound(_, let context): return "'\(path(context))' is null"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not JSON" : "'\(path(context))' has a value that is not known"
        @unknown default: return "it is not JSON"
        }
    }
}
