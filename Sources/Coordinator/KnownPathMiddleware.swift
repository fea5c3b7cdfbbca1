import Hummingbird

/// A path is known, but not with this method.
struct MethodNotAllowed: Error {
    /// The path's methods, as the header `Allow` lists them.
    let allow: String
}

/// Tells whoever asks for a known path with another method which methods there are (RFC 9110, 15.5.6).
///
/// A router runs its middleware for what no route takes too, and for that alone those that were added behind its last route:
/// this must be the last thing that is added.
struct KnownPathMiddleware<Context: RequestContext>: RouterMiddleware {
    private let paths: [(elements: [RouterPath.Element], methods: [HTTPRequest.Method])]

    init(_ routes: [Router<Context>.RouteDescription]) {
        paths = Dictionary(grouping: routes) { $0.path.description }.values.map { routes in
            (Array(routes[0].path), routes.map(\.method))
        }
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let parts = request.uri.path.split(separator: "/")
        let methods = paths.filter { path in
            path.elements.count == parts.count && zip(path.elements, parts).allSatisfy { $0 ~= $1 }
        }.flatMap(\.methods)
        guard methods.isEmpty else {
            throw MethodNotAllowed(allow: Set(methods.map(\.rawValue)).sorted().joined(separator: ", "))
        }
        return try await next(request, context)
    }
}
