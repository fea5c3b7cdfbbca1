/// The identities and tokens out of a lease's answer; the rest of it is passed over.
enum LeasedJobs {
    /// The 64 digits of an identity, in place: no memory is taken for them.
    typealias Identity = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    struct Job {
        var identity: Identity
        /// As it came, with its quotes.
        var token: [UInt8]
    }

    /// Puts the jobs of the answer that `connection` has received into `jobs`. An identity stands before or after its token,
    /// whichever way the keys are ordered: the first goes with the first.
    static func read(from connection: LoadConnection, into jobs: inout [Job]) throws {
        jobs.removeAll(keepingCapacity: true)
        let answer = connection.answer
        var place = connection.bodyStart
        var tokenPlace = place
        while let identity = answer.find("\"identity\":\"", from: place) {
            guard let token = answer.find("\"token\":\"", from: tokenPlace), identity + 76 <= answer.count else {
                throw BenchError("a lease without a token came back: \(answer.text)")
            }
            jobs.append(
                Job(
                    identity: answer.bytes.loadUnaligned(fromByteOffset: identity + 12, as: Identity.self),
                    token: answer.quoted(at: token + 8)))
            place = identity + 76
            tokenPlace = token + 8
        }
    }
}
