/// An OpenAPI 3.1 document, as much of the format as this one uses. What the members mean is said at
/// https://spec.openapis.org/oas/v3.1.0.
struct OpenAPIDocument: Encodable, Sendable {
    struct Info: Encodable, Sendable {
        var title: String
        var version: String
        var summary: String
        var description: String
    }

    struct Tag: Encodable, Sendable {
        var name: String
        var description: String
    }

    struct Operation: Encodable, Sendable {
        var operationId: String
        var summary: String
        var description: String?
        var tags: [String]
        var parameters: [Parameter]?
        var requestBody: RequestBody?
        /// By status.
        var responses: [String: ResponseOrReference]
        /// `nil`: the document's.
        var security: [[String: [String]]]?
    }

    struct Parameter: Encodable, Sendable {
        enum Place: String, Encodable, Sendable { case path, query }
        var name: String
        var `in`: Place
        var description: String
        var required: Bool
        var schema: JSONSchema
    }

    struct RequestBody: Encodable, Sendable {
        var description: String
        var required = true
        /// By media type.
        var content: [String: MediaType]
    }

    struct Response: Encodable, Sendable {
        var description: String
        var headers: [String: Header]?
        var content: [String: MediaType]?
    }

    enum ResponseOrReference: Encodable, Sendable {
        case response(Response)
        /// The component of that name.
        case reference(String)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .response(let response): try response.encode(to: encoder)
            case .reference(let name): try ["$ref": "#/components/responses/\(name)"].encode(to: encoder)
            }
        }
    }

    struct Header: Encodable, Sendable {
        var description: String
        var required = true
        var schema: JSONSchema
    }

    struct MediaType: Encodable, Sendable {
        var schema: JSONSchema
        var examples: [String: Example]?
    }

    struct Example: Encodable, Sendable {
        var summary: String
        var value: JSONValue
    }

    struct SecurityScheme: Encodable, Sendable {
        var type = "http"
        var scheme = "bearer"
        var description: String
    }

    struct Components: Encodable, Sendable {
        var schemas: [String: JSONSchema]
        var responses: [String: Response]
        var securitySchemes: [String: SecurityScheme]
    }

    let openapi = "3.1.0"
    var info: Info
    let servers = [["url": "."]]
    /// What every operation wants that does not say otherwise; empty: nothing.
    var security: [[String: [String]]]
    var tags: [Tag]
    /// By path and method.
    var paths: [String: [String: Operation]]
    var components: Components
}
