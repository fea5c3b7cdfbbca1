import Wire

/// Why a request to a coordinator did not succeed: one sentence each.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No answer came: nothing listens there, or the network is cut.
    case unreachable(address: String, reason: String)
    /// The coordinator's certificate is not trusted.
    case untrusted(address: String, reason: String)
    /// The coordinator refused the request.
    case problem(Problem)
    /// Something that is no coordinator answered in its place with an error: a proxy, a gateway.
    /// - `proxy`: the proxy of this machine that the request went by, if any.
    case foreign(address: String, status: Int, proxy: String?)
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
        case .foreign(let address, let status, let proxy):
            Self.sentence(
                (proxy.map { "the proxy \($0), or something behind it," } ?? "something in between")
                    + " answered in place of the coordinator at \(address)", status)
        case .malformed(let address, let reason): "what answers at \(address) is no medsweep coordinator: \(reason)"
        case .wrongDigest(let expected): "the file \(expected) arrived damaged; it will be fetched again"
        case .file(let sentence), .diskFull(let sentence): sentence
        }
    }

    /// Whether the same request may succeed later without anything being mended.
    public var isPassing: Bool {
        switch self {
        case .unreachable, .wrongDigest: true
        case .problem(let problem): Self.passing.contains(problem.status)
        case .foreign(_, let status, _): Self.passing.contains(status)
        case .untrusted, .malformed, .file, .diskFull: false
        }
    }

    private static let passing: Set = [408, 425, 429, 500, 502, 503, 504, 507]

    /// What a status means when it is not the coordinator's.
    private static func sentence(_ subject: String, _ status: Int) -> String {
        let meaning = switch status {
        case 413: "413: a proxy in between limits uploads; raise its limit (nginx: client_max_body_size 0)"
        case 429: "429: a proxy in between limits how often it is asked; let this machine ask more often there"
        case 502, 503, 504: "\(status): it does not reach the coordinator; is `medsweep serve` running there, and is that its address?"
        case 401, 407: "\(status): it wants a name and a password, which no token is"
        case 403: "403: it lets nothing through; is the address right, or must the host be named in NO_PROXY?"
        default: "\(status): is the address right?"
        }
        return "\(subject) with status \(meaning)"
    }
}
