import Foundation
import Hummingbird
import Synchronization
import Wire

/// Who has signed in on the dashboard. Kept in memory: a coordinator that starts again asks for the token again.
final class DashboardSessions: Sendable {
    /// Seconds for which a sign-in is good.
    static let duration = 12.0 * 3600
    static let cookie = "medsweep_session"
    /// A header that pages of other origins cannot send without being asked first.
    static let guardHeader = "X-Medsweep"

    /// The most sessions at once; beyond that the oldest end.
    private static let most = 1000

    private struct Session {
        let role: Tokens.Role
        let expires: Double
    }

    private let sessions = Mutex<[String: Session]>([:])
    /// Whether browsers may send the cookie over https only.
    let isSecure: Bool

    init(isSecure: Bool) { self.isSecure = isSecure }

    /// Begins a session.
    /// - Returns: its secret.
    func begin(_ role: Tokens.Role, now: Double) -> String {
        var random = SystemRandomNumberGenerator()
        let id = (0..<4).map { _ in
            let word = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
        sessions.withLock { sessions in
            sessions = sessions.filter { $0.value.expires > now }
            if sessions.count >= Self.most, let oldest = sessions.min(by: { $0.value.expires < $1.value.expires }) {
                sessions[oldest.key] = nil
            }
            sessions[id] = Session(role: role, expires: now + Self.duration)
        }
        return id
    }

    /// The role of a session that has not ended.
    func role(of id: String, now: Double) -> Tokens.Role? {
        sessions.withLock { sessions in sessions[id].flatMap { $0.expires > now ? $0.role : nil } }
    }

    func end(_ id: String) { sessions.withLock { $0[id] = nil } }

    /// The session that a request's cookie names.
    static func id(in request: Request) -> String? {
        for header in request.headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == cookie {
                    return parts[1].trimmingCharacters(in: .whitespaces)
                }
            }
        }
        return nil
    }

    /// The value of `Set-Cookie` that hands out a session, or takes it back. Without a path of its own it goes where its requests
    /// go, under whatever prefix a proxy puts before them.
    /// - Parameter request: the one that is answered; a page that came by https gets a cookie that goes by https only.
    func cookieText(_ id: String?, for request: Request) -> String {
        let isSecure = isSecure || request.headers[.origin].flatMap(WebOrigin.init)?.scheme == "https"
        return
            "\(Self.cookie)=\(id ?? ""); HttpOnly; SameSite=Strict; Max-Age=\(id == nil ? 0 : Int(Self.duration))\(isSecure ? "; Secure" : "")"
    }
}

/// Tells requests of the coordinator's own page from those that pages of other sites make a browser send.
struct OwnPage: Sendable {
    /// Where proxies serve the coordinator's page.
    let origins: Set<WebOrigin>

    /// Refuses a request that changes something and comes from another site's page.
    func requireSameOrigin(_ request: Request) throws {
        guard request.method != .get, request.method != .head else { return }
        switch request.headers[.init("Sec-Fetch-Site")!] {
        // The browser itself has compared: a proxy that asks under another name does not matter.
        case "same-origin", "none": return
        case .some: throw Self.foreign(request)
        case nil: break
        }
        guard let text = request.headers[.origin] else { return }
        guard let origin = WebOrigin(text),
            origins.contains(origin) || origin.authority == Self.ownAuthority(request, origin.scheme)
        else {
            throw Self.foreign(request)
        }
    }

    /// The same for requests that a browser authorises by itself: they must also say that a script of ours sent them.
    func require(_ request: Request) throws {
        try requireSameOrigin(request)
        let field = DashboardSessions.guardHeader
        guard request.method == .get || request.method == .head || request.headers[.init(field)!] == "1" else {
            throw Problem(
                status: 403, title: "no guard header",
                detail: "a request that is authorised by a cookie needs the header '\(field): 1'")
        }
    }

    /// The name that a request asks, as ``WebOrigin/authority`` has it.
    private static func ownAuthority(_ request: Request, _ scheme: String) -> String? {
        request.head.authority.flatMap { WebOrigin("\(scheme)://\($0)")?.authority }
    }

    private static func foreign(_ request: Request) -> Problem {
        let origin = request.headers[.origin].flatMap(WebOrigin.init).map { "\($0.scheme)://\($0.authority)" }
        return Problem(
            status: 403, title: "other origin",
            detail: """
                this request comes from a page of another site\(origin.map { ", \($0)" } ?? ""); use the coordinator's own page, and if that is \
                a proxy's, start the coordinator with --origin \(origin ?? "URL")
                """)
    }
}

/// Refuses what pages of other sites make a browser send to a coordinator without tokens.
struct SameOriginMiddleware<Context: RequestContext>: RouterMiddleware {
    let ownPage: OwnPage

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        try ownPage.requireSameOrigin(request)
        return try await next(request, context)
    }
}
