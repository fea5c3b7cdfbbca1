import DurableFiles
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Sweep
import Wire

/// Turns whatever a route throws into an answer with a problem body.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let store: JobStore
    let logger: Logger

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            try checkTarget(request)
            return try await next(request, context)
        } catch {
            let problem = problem(error, request)
            if problem.status >= 500 {
                logger.error("\(request.method) \(request.uri.path): \(error)")
            }
            var response = try JSONAnswer.response(
                problem, status: .init(code: problem.status), type: "application/problem+json")
            if let error = error as? MethodNotAllowed { response.headers[.allow] = error.allow }
            // What follows the head would be read as the next answer (RFC 9112, 6.3).
            return request.method == .head ? response.createHeadResponse() : response
        }
    }

    /// Refuses an address that names no path and is no whole address either (RFC 9112, 3.2), which would be taken for the root.
    private func checkTarget(_ request: Request) throws {
        guard let target = request.head.path, target.utf8.first == UInt8(ascii: "/") || URL(string: target)?.host() != nil else {
            throw Problem(status: 400, title: "bad address", detail: "the request's address is neither a path nor a whole address")
        }
    }

    private func problem(_ error: any Error, _ request: Request) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as SweepFileError:
            return Problem(status: 422, title: "bad sweep file", detail: error.description)
        case StoreError.unknownJob(let identity):
            return Problem(status: 404, title: "unknown job", detail: "there is no job '\(identity)'")
        case StoreError.unknownSweep(let name):
            return Problem(status: 404, title: "unknown sweep", detail: "there is no sweep '\(name)'")
        case StoreError.refused(.staleToken(let current)):
            return Problem(
                status: 409, title: "stale token", detail: "the token is stale: the job's newest lease has token \(current); drop this attempt")
        case StoreError.refused(.unknownToken):
            return Problem(status: 409, title: "unknown token", detail: "no lease with this token was ever given out for this job")
        case StoreError.ambiguousJob(let prefix):
            return Problem(status: 409, title: "ambiguous job", detail: "several jobs begin with '\(prefix)'; give more digits")
        case StoreError.unknownWorker(let name):
            return Problem(status: 404, title: "unknown worker", detail: "no worker '\(name)' has been heard of; `medsweep workers` lists them")
        case StoreError.submittedAgain(let name):
            return Problem(status: 409, title: "submitted again", detail: "sweep '\(name)' was submitted again meanwhile; that submit goes on")
        case StoreError.senseless(let sentence):
            return Problem(status: 400, title: "senseless request", detail: sentence)
        case ArtefactStore.Refusal.wrongDigest:
            return Problem(status: 422, title: "wrong digest", detail: "the bytes that arrived do not have the SHA-256 in the address; send them again")
        case ArtefactStore.Refusal.tooLarge(let limit):
            return Problem(status: 413, title: "too large", detail: "a file may have at most \(limit) bytes")
        case ArtefactStore.Refusal.diskFull:
            return Problem(status: 507, title: "disk full", detail: "the coordinator's disk is full; free space there")
        case let error where store.isDiskFull(error):
            return Problem(status: 507, title: "disk full", detail: "the disk of the coordinator's database is full; free space there")
        case let error where store.isPassing(error):
            return Problem(status: 503, title: "database away", detail: "the coordinator's database does not answer; try again later")
        case let error as MethodNotAllowed:
            return Problem(
                status: 405, title: "method not allowed", detail: "\(request.uri.path) is not asked with \(request.method), but with \(error.allow)")
        case is HTTPParserError:
            return Problem(status: 400, title: "bad request", detail: "the request is not HTTP/1.1 within this coordinator's limits")
        case is ChannelError, is IOError, is CancellationError:
            // Nobody is there to read this.
            return Problem(status: 400, title: "broken off", detail: "the connection ended within the request")
        case let error as HTTPError:
            if error.status == .notFound {
                return Problem(status: 404, title: "not found", detail: "there is nothing at \(request.method) \(request.uri.path)")
            }
            return Problem(status: error.status.code, title: error.status.reasonPhrase, detail: error.body ?? error.status.reasonPhrase)
        default:
            return Problem(status: 500, title: "internal error", detail: "the coordinator failed on this request; its log tells why")
        }
    }
}

/// Lets a request through to what its token's role may do.
struct TokenMiddleware: RouterMiddleware {
    typealias Context = CoordinatorContext

    let tokens: Tokens
    let sessions: DashboardSessions
    let ownPage: OwnPage

    func handle(
        _ request: Request, context: CoordinatorContext, next: (Request, CoordinatorContext) async throws -> Response
    ) async throws -> Response {
        if CoordinatorRoutes.isOpen(request) { return try await next(request, context) }
        if request.headers[.authorization] == nil, let session = DashboardSessions.id(in: request),
            sessions.role(of: session, now: Date().timeIntervalSince1970) == .operator
        {
            try ownPage.require(request)
            return try await next(request, context.with(.operator))
        }
        guard let header = request.headers[.authorization] else {
            throw Problem(status: 401, title: "unauthorised", detail: "this coordinator wants a bearer token; give one with --token-file")
        }
        // Schemes are written as one likes (RFC 9110, 11.1).
        guard header.prefix(7).lowercased() == "bearer ", let role = tokens.role(of: String(header.dropFirst(7))) else {
            throw Problem(status: 401, title: "unauthorised", detail: Tokens.unknown)
        }
        if role == .worker, !Self.isForWorkers(request.method, request.uri.path) {
            throw Problem(status: 403, title: "forbidden", detail: "a worker's token cannot do this; use an operator's")
        }
        return try await next(request, context.with(role))
    }

    /// Everything that a worker's token may do, by method and the shape of the path. What is not in this list is for
    /// operators, routes to come included.
    static func isForWorkers(_ method: HTTPRequest.Method, _ path: String) -> Bool {
        if path == Routes.metrics { return method == .get }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        // The path begins with a slash: the first part is empty.
        guard parts.count >= 3, parts[0].isEmpty, parts[1] == "v1" else { return false }
        return switch (parts[2], parts.count) {
        case ("leases", 3): method == .post
        case ("artefacts", 4): method == .get || method == .put
        case ("jobs", 5): method == .post && ["heartbeat", "checkpoint", "result", "failure", "release"].contains(parts[4])
        default: false
        }
    }
}

/// Answers in JSON.
enum JSONAnswer {
    static func response(text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json", .contentLength: String(text.utf8.count)],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, type: String = "application/json"
    ) throws -> Response {
        let data = try WireCoding.encode(value)
        return Response(
            status: status, headers: [.contentType: type, .contentLength: String(data.count)],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}
