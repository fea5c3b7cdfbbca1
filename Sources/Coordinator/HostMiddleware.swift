import Hummingbird
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Refuses requests that do not say in one word whom they ask and, where nobody is asked for a token, those that ask somebody
/// else: a name that a stranger makes lead to this machine (DNS rebinding) would let the stranger's page ask as if it were ours.
struct HostMiddleware<Context: RequestContext>: RouterMiddleware {
    /// Whether only this machine's own names are served, and those of ``origins``.
    let isLoopbackOnly: Bool
    /// Where proxies serve the coordinator's page.
    let origins: Set<WebOrigin>

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        // The first of them is the authority, further ones stay where they were.
        guard let host = request.head.authority, !host.isEmpty, request.headers[values: .init("Host")!].isEmpty else {
            throw Problem(status: 400, title: "bad host", detail: "a request has one header 'Host' (RFC 9112, 3.2); send one")
        }
        if isLoopbackOnly, !HostName.isLoopback(host), !origins.contains(where: { $0.authority == host.lowercased() }) {
            throw Problem(
                status: 400, title: "bad host",
                detail: """
                    a coordinator without tokens answers to localhost only, not to '\(host.prefix(200))'; ask http://localhost, or start it \
                    with --token-file or, behind a proxy of that name, with --origin
                    """)
        }
        return try await next(request, context)
    }
}

/// Names in requests' heads.
enum HostName {
    /// Whether a `Host` is this machine by a name that no name server is asked for: `localhost`, 127.0.0.0/8 or `[::1]`, with or
    /// without a port.
    static func isLoopback(_ authority: String) -> Bool {
        var name = Substring(authority)
        // The colons of an address of six parts stand in brackets.
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            let port = authority[authority.index(after: colon)...]
            guard !port.isEmpty, port.utf8.count <= 5, port.utf8.allSatisfy({ (48...57).contains($0) }) else { return false }
            name = authority[..<colon]
        }
        if name.lowercased() == "localhost" { return true }
        if name.hasPrefix("["), name.hasSuffix("]") {
            var address = in6_addr()
            guard inet_pton(AF_INET6, String(name.dropFirst().dropLast()), &address) == 1 else { return false }
            return withUnsafeBytes(of: address) { $0.last == 1 && $0.dropLast().allSatisfy { $0 == 0 } }
        }
        var address = in_addr()
        guard inet_pton(AF_INET, String(name), &address) == 1 else { return false }
        return UInt32(bigEndian: address.s_addr) >> 24 == 127
    }
}
