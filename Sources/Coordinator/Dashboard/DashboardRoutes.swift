import Foundation
import Hummingbird
import NIOCore
import Sweep
import Wire

extension Routes {
    /// GET: whether a token is wanted. POST: exchange an operator's token for a cookie. DELETE: sign out.
    static let session = "/v1/session"
    /// GET `?sweep=NAME&job=IDENTITY`: server-sent events for the dashboard.
    static let stream = "/v1/stream"
    /// GET `?after=POSITION&limit=N`: ``JobGrid``.
    static func grid(sweep name: String) -> String { "/v1/sweeps/\(name)/grid" }
    /// GET: ``DashboardTable``.
    static func table(sweep name: String) -> String { "/v1/sweeps/\(name)/table" }
}

/// What a page asks before anything else.
private struct SessionState: Encodable {
    /// Whether the coordinator wants a token.
    let isAsked: Bool
    let isSignedIn: Bool
}

private struct SignIn: Decodable {
    let token: String
}

extension CoordinatorRoutes {
    /// Whether anybody may ask this: what holds no data, which is the coordinator's health, its OpenAPI document and the page
    /// itself, and the way to sign in.
    static func isOpen(_ request: Request) -> Bool {
        let path = request.uri.path
        return path == Routes.health || path == Routes.session
            || request.method == .get && (path == Routes.document || path == "/" || path.hasPrefix(DashboardFiles.folder))
    }

    func addDashboardRoutes(_ router: Router<CoordinatorContext>) {
        router.get("/") { _, _ in DashboardFiles.page }
        router.get(RouterPath(DashboardFiles.folder + ":file")) { _, context in
            guard let file = DashboardFiles.all[try context.parameters.require("file")] else { throw HTTPError(.notFound) }
            return file
        }
        addSessionRoutes(router)
        router.get(RouterPath(Routes.grid(sweep: ":name"))) { request, context in
            let name = try context.name("name")
            let query = request.uri.queryParameters
            return try JSONAnswer.response(
                try await naming {
                    try await store.grid(sweep: name, after: query.position(), limit: query.limit(20_000, in: RequestBounds.gridPage))
                })
        }
        router.get(RouterPath(Routes.table(sweep: ":name"))) { _, context in
            let name = try context.name("name")
            return try JSONAnswer.response(try await naming { try await dashboard.table(of: name) })
        }
        router.get(RouterPath(Routes.stream)) { request, _ in try await stream(request) }
    }

    private func addSessionRoutes(_ router: Router<CoordinatorContext>) {
        router.get(RouterPath(Routes.session)) { request, _ in
            let role = DashboardSessions.id(in: request).flatMap { sessions.role(of: $0, now: now) }
            return try JSONAnswer.response(SessionState(isAsked: tokens != nil, isSignedIn: role != nil))
        }
        router.post(RouterPath(Routes.session)) { request, _ in
            try ownPage.require(request)
            let signIn: SignIn = try await Self.decode(strangersBytes(of: request))
            guard let tokens else {
                throw Problem(status: 400, title: "no tokens", detail: "this coordinator wants no token")
            }
            switch tokens.role(of: signIn.token) {
            case .operator: break
            case .worker:
                throw Problem(status: 403, title: "forbidden", detail: "this is a worker's token; use an operator's")
            case nil:
                throw Problem(status: 401, title: "unauthorised", detail: Tokens.unknown)
            }
            var response = try JSONAnswer.response(SessionState(isAsked: true, isSignedIn: true))
            response.headers[.setCookie] = sessions.cookieText(sessions.begin(.operator, now: now), for: request)
            return response
        }
        router.delete(RouterPath(Routes.session)) { request, _ in
            try ownPage.require(request)
            DashboardSessions.id(in: request).map(sessions.end)
            var response = try JSONAnswer.response(SessionState(isAsked: tokens != nil, isSignedIn: false))
            response.headers[.setCookie] = sessions.cookieText(nil, for: request)
            return response
        }
    }

    /// Goes on until the reader leaves, its session ends or the coordinator stops.
    private func stream(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        let topic = DashboardStream.Topic(sweep: query["sweep"].map(String.init), job: query["job"].map(String.init))
        if let name = topic.sweep { _ = try await naming { try await store.sweep(name) } }
        if let job = topic.job { _ = try await store.job(job) }
        // A bearer token is good for as long as the coordinator runs.
        let session = request.headers[.authorization] == nil && tokens != nil ? DashboardSessions.id(in: request) : nil
        let messages = try await dashboard.listen(topic) { [sessions] in
            session.map { sessions.role(of: $0, now: Date().timeIntervalSince1970) != nil } ?? true
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody { writer in
                for await message in messages { try await writer.write(ByteBuffer(string: message)) }
                try await writer.finish(nil)
            })
    }
}
