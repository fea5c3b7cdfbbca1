/// What a worker shows to act for a job: the lease's fencing number, and a seal that nobody can guess. On the wire one text,
/// `17.0f…`, in which only the coordinator reads.
public struct LeaseToken: Codable, Sendable, Hashable {
    /// The fencing number: grows with every lease of the job.
    public var number: Int64
    /// 32 hexadecimal digits; empty inside of a coordinator, which has looked at it.
    public var seal: String

    public init(number: Int64, seal: String = "") {
        self.number = number
        self.seal = seal
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let token = LeaseToken(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a lease's token is a number, a dot and a seal")
        }
        self = token
    }

    /// Reads what ``text`` writes.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count <= 64, let number = Int64(parts[0]) else { return nil }
        self.init(number: number, seal: String(parts[1]))
    }

    /// As it goes over the wire.
    public var text: String { "\(number).\(seal)" }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
