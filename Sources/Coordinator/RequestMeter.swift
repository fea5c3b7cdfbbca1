import Hummingbird
import Synchronization

/// How long requests took, by route and status class.
final class RequestMeter: Sendable {
    struct Key: Hashable, Comparable, Sendable {
        let method: String
        /// The route's template: paths as they come would make a series for every job.
        let route: String
        /// e.g. `2xx`.
        let status: String

        static func < (left: Key, right: Key) -> Bool {
            (left.route, left.method, left.status) < (right.route, right.method, right.status)
        }
    }

    // Held for one look-up and two additions: at ten thousand requests a second some thousandth of the time.
    private let histograms = Mutex<[Key: Histogram]>([:])

    func add(_ key: Key, seconds: Double) {
        histograms.withLock { $0[key, default: Histogram(Histogram.seconds)].add(seconds) }
    }

    var snapshot: [(Key, Histogram)] { histograms.withLock { $0.sorted { $0.key < $1.key } } }
}

/// Measures every request that a route answers. Stands outside of what turns errors into answers.
struct RequestMeterMiddleware<Context: RequestContext>: RouterMiddleware {
    let meter: RequestMeter

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        // Methods come from outside as well: what no route knows is one series.
        let route = context.endpointPath ?? "NotFound"
        meter.add(
            .init(
                method: route == "NotFound" ? "other" : request.method.rawValue, route: route,
                status: "\(response.status.code / 100)xx"), seconds: (.now - start) / .seconds(1))
        return response
    }
}
