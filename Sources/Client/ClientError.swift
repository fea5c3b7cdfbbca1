import Wire

/// Why a request to a coordinator did not succeed: one sentence each.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No answer came: nothing listens there, or the network is cut.
    case unreachable(address: String, reason: String)
    /// The coordinator's certificate is not trusted.
    case untrusted(address: String, reason: String)
    /// The coordinator refused the request.
    case problem(Problem)
    /// The answer is not one of a coordinator.
    case malformed(address: String, reason: String)
    /// A downloaded file does not have the SHA-256 it was asked by.
    case wrongDigest(expected: String)
    /// A file of this machine could not be read or written.
    case file(String)
    /// A file of this machine could not be written since its disk is full.
    case diskFull(String)

    public var description: String {
        switch self {
        case .unreachable(let address, let reason):
            "cannot reach the coordinator at \(address): \(reason); is `medsweep serve` running there?"
        case .untrusted(let address, let reason):
            "the certificate of \(address) is not trusted: \(reason); give the certificate that it was signed with by --ca-file, and use the name that it is for"
        case .problem(let problem): problem.detail
        case .malformed(let address, let reason): "what answers at \(address) is no medsweep coordinator: \(reason)"
        case .wrongDigest(let expected): "the file \(expected) arrived damaged; it will be fetched again"
        case .file(let sentence), .diskFull(let sentence): sentence
        }
    }

    /// Whether the same request may succeed later without anything being mended.
    public var isPassing: Bool {
        switch self {
        case .unreachable, .wrongDigest: true
        case .problem(let problem): [408, 429, 500, 502, 503, 504, 507].contains(problem.status)
        case .untrusted, .malformed, .file, .diskFull: false
        }
    }
}
