import Wire

/// Values that stand in addresses.
extension DocumentedRoute {
    static let sweepName = JSONSchema.text(
        "A sweep's name.", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$", length: 1...100, example: "example")
    /// An identity or its first digits, where operators ask.
    static let identityBeginning = JSONSchema.text(
        "A job's identity, or its first eight or more digits.", pattern: "^[0-9a-f]+$", length: RequestBounds.identityDigits)
    /// 64 lower-case hexadecimal digits.
    static func sha256(_ description: String) -> JSONSchema { .text(description, pattern: "^[0-9a-f]{64}$", length: 64...64) }
}

extension OpenAPIDocument.Parameter {
    static let sweepName = path("name", "The sweep's name.", DocumentedRoute.sweepName)
    static let workerName = path("name", "The worker's name.", .text("A worker's name.", length: 1...1000, example: "host-4711"))
    static let identity = path("identity", "The job's identity.", DocumentedRoute.sha256("A job's identity."))
    static let anyIdentity = path(
        "identity", "The job's identity, or its first eight or more digits if no other job begins so.", DocumentedRoute.identityBeginning)
    static let digest = path("digest", "The SHA-256 of the file's content.", DocumentedRoute.sha256("A SHA-256."))

    static func limit(_ range: ClosedRange<Int>, usual: Int) -> OpenAPIDocument.Parameter {
        query("limit", "The most entries of the page.", .integer("A count.", range).with("default", .integer(Int64(usual))))
    }

    private static func path(_ name: String, _ description: String, _ schema: JSONSchema) -> OpenAPIDocument.Parameter {
        .init(name: name, in: .path, description: description, required: true, schema: schema)
    }

    static func query(_ name: String, _ description: String, _ schema: JSONSchema) -> OpenAPIDocument.Parameter {
        .init(name: name, in: .query, description: description, required: false, schema: schema)
    }
}
