import Hummingbird
import Wire

/// What the OpenAPI document says of one route.
///
/// All of them stand in ``all``, which is made of ``operatorRoutes`` and ``workerRoutes``: a new route is one entry there, and a
/// test compares them with the router's. The document is written in these values, not in a file beside them, so that its
/// paths, bounds and names are those by which the coordinator itself goes.
struct DocumentedRoute: Sendable {
    /// Who may ask where there are tokens.
    enum Access: Sendable {
        case anybody, everyRole, operators
    }

    enum Tag: String, Sendable, CaseIterable {
        case sweeps, jobs, workers, leases, files, coordinator

        var description: String {
            switch self {
            case .sweeps: "Sweeps, which are submitted as files and become jobs."
            case .jobs: "Single jobs."
            case .workers: "Who works, and what has happened."
            case .leases: "What workers ask and report."
            case .files: "Files by the SHA-256 of their content: checkpoints, weights, scores, maps."
            case .coordinator: "The coordinator itself."
            }
        }
    }

    /// What a route answers with status 200.
    struct Answer: Sendable {
        var description: String
        var content: [String: OpenAPIDocument.MediaType]
        var headers: [String: OpenAPIDocument.Header]?

        /// JSON of a component.
        static func json(_ schema: String, _ description: String) -> Answer {
            Answer(description: description, content: ["application/json": .init(schema: .reference(schema))])
        }
    }

    let method: HTTPRequest.Method
    let path: String
    let access: Access
    let operation: OpenAPIDocument.Operation

    /// - Parameters:
    ///   - name: the operation's identifier, for generated clients.
    ///   - body: what is sent, by media type.
    ///   - problems: the statuses of refusals, beside those that come with `access`, the method and the store.
    ///   - usesStore: whether the database is asked, which may be away.
    init(
        _ method: HTTPRequest.Method, _ path: String, _ name: String, _ tag: Tag, _ summary: String, description: String? = nil,
        access: Access = .operators, parameters: [OpenAPIDocument.Parameter] = [], body: OpenAPIDocument.RequestBody? = nil,
        answer: Answer, problems: Set<Int> = [], usesStore: Bool = true
    ) {
        self.method = method
        self.path = path
        self.access = access
        var statuses = problems
        if access != .anybody { statuses.insert(401) }
        // Pages of other sites may change nothing, tokens or not.
        if access == .operators || method != .get { statuses.insert(403) }
        if body != nil { statuses.formUnion([400, 413]) }
        if usesStore { statuses.insert(503) }
        var responses: [String: OpenAPIDocument.ResponseOrReference] = [
            "200": .response(.init(description: answer.description, headers: answer.headers, content: answer.content))
        ]
        for status in statuses { responses["\(status)"] = .reference(ProblemAnswers.name(of: status)) }
        operation = .init(
            operationId: name, summary: summary, description: description, tags: [tag.rawValue],
            parameters: parameters.isEmpty ? nil : parameters, requestBody: body, responses: responses,
            security: access == .anybody ? [] : nil)
    }

    static let all = operatorRoutes + workerRoutes
}

/// The refusals that routes share, as components of the document.
enum ProblemAnswers {
    private static let descriptions: [Int: (name: String, description: String)] = [
        400: ("BadRequest", "A parameter or the body cannot be read or is out of its bounds; `detail` names it."),
        401: ("Unauthorised", "The coordinator wants a bearer token that it knows. Only of one that was started with tokens."),
        403: (
            "Forbidden",
            "A worker's token, where an operator's is wanted; or, with or without tokens, a page of another site that tries to change something."
        ),
        404: ("NotFound", "There is nothing of this name; for a sweep `detail` gives the nearest."),
        405: ("MethodNotAllowed", "The path is known, but not with this method."),
        409: (
            "Conflict",
            "The job has moved on: the token is stale or was never given out, a file that the body names has not arrived, a beginning of an identity fits several jobs, or the sweep was submitted again meanwhile."
        ),
        413: ("TooLarge", "The body is larger than 8 MiB, or a file larger than 2 GiB."),
        421: ("Misdirected", "The result is one of a job that another coordinator has given out; keep it until that one is back."),
        422: ("Unprocessable", "The sweep file has a mistake, at the line that `detail` names; or the bytes do not have the digest in the address."),
        503: ("Unavailable", "The database does not answer, or takes no writes; try again later."),
        507: ("InsufficientStorage", "A disk of the coordinator is full."),
    ]

    /// The component for a status that is known here.
    static func name(of status: Int) -> String { descriptions[status]!.name }

    static let components: [String: OpenAPIDocument.Response] = Dictionary(
        uniqueKeysWithValues: descriptions.map { status, entry in
            let allow = OpenAPIDocument.Header(
                description: "The methods that the path has.", schema: .text("Methods with commas between.", example: "GET, POST"))
            return (
                entry.name,
                .init(
                    description: entry.description, headers: status == 405 ? ["Allow": allow] : nil,
                    content: ["application/problem+json": .init(schema: .reference("Problem"))])
            )
        })
}
