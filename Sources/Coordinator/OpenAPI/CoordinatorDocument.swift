import Catalogue
import Hummingbird
import NIOCore
import Wire

extension OpenAPIDocument {
    /// The document of a coordinator.
    /// - Parameter wantsTokens: whether the coordinator was started with tokens.
    static func coordinator(wantsTokens: Bool) -> OpenAPIDocument {
        OpenAPIDocument(
            info: .init(
                title: "medsweep coordinator", version: String(Catalogue.coreVersion),
                summary: "Distributes sweeps of anomaly detection jobs to workers and collects their results.",
                description: """
                    Bodies are JSON. Members that a reader does not know are passed over, in requests too: versions differ in what they \
                    know. A member that may be left out may be null as well, which says the same.

                    Every refusal is a `Problem`. A known path that is asked with another method is answered with 405 and the header \
                    `Allow`, an unknown one with 404.

                    Without tokens a coordinator listens on its own machine only, and whoever reaches it may ask everything. With \
                    tokens a request bears one in `Authorization: Bearer TOKEN`. A worker's token is for `leases`, `files` and \
                    `/metrics`, an operator's for everything; `/healthz` and this document want none.
                    """),
            security: wantsTokens ? [["bearer": []]] : [],
            tags: DocumentedRoute.Tag.allCases.map { .init(name: $0.rawValue, description: $0.description) },
            paths: DocumentedRoute.all.reduce(into: [:]) { paths, route in
                paths[route.path, default: [:]][route.method.rawValue.lowercased()] = route.operation
            },
            components: .init(
                schemas: DocumentedSchemas.all, responses: ProblemAnswers.components,
                securitySchemes: [
                    "bearer": .init(description: "A token of the role `worker` or `operator` from the coordinator's token file.")
                ]))
    }
}

extension CoordinatorRoutes {
    func addDocumentRoute(_ router: Router<CoordinatorContext>) {
        router.get(RouterPath(Routes.document)) { _, _ in
            JSONAnswer.response(text: try (tokens == nil ? DocumentText.withoutTokens : DocumentText.withTokens).get())
        }
    }
}

/// The document's JSON, which is made when somebody asks for it and stays the same from then on.
private enum DocumentText {
    static let withoutTokens = text(wantsTokens: false)
    static let withTokens = text(wantsTokens: true)

    private static func text(wantsTokens: Bool) -> Result<String, any Error> {
        let document = OpenAPIDocument.coordinator(wantsTokens: wantsTokens)
        return Result { String(decoding: try WireCoding.encode(document), as: UTF8.self) }
    }
}
