import Crypto
import Foundation
import Sweep
import Wire

/// Makes lease tokens that nobody can guess: a token's seal is a keyed digest of the job and the lease's number, so that a worker can
/// act under the leases that it was given and under no others. The key is the store's; every coordinator on it knows the same seals.
struct LeaseSeal: Sendable {
    private let key: SymmetricKey

    init(secret: String) { key = SymmetricKey(data: SHA256.hash(data: Data(secret.utf8))) }

    /// The key that a database keeps, made when there is none.
    init(of database: any JobDatabase) throws(CoordinatorError) {
        var secret = ""
        do {
            try database.transaction { connection, now in
                secret = try Ledger(connection, now: now, cache: StoreCache(clock: database.localClock)).sealSecret()
            }
        } catch {
            throw CoordinatorError(
                .unwritable, database.isDiskFull(error)
                    ? "the disk of the coordinator's database is full; free space there" : "the coordinator's database takes no writes: \(error)")
        }
        self.init(secret: secret)
    }

    /// The token of a lease.
    func token(_ number: Int64, of identity: String) -> LeaseToken {
        let code = HMAC<SHA256>.authenticationCode(for: Data("\(number) \(identity)".utf8), using: key)
        return LeaseToken(number: number, seal: code.prefix(16).hexadecimal)
    }

    /// Refuses a token that was not given out for the job. Seals are compared in full, so that the time tells nothing.
    /// - Throws: ``StoreError/refused(_:)``
    func require(_ token: LeaseToken, of identity: String) throws(StoreError) {
        let (known, given) = (Array(self.token(token.number, of: identity).seal.utf8), Array(token.seal.utf8))
        var difference: UInt8 = given.count == known.count ? 0 : 1
        for (index, byte) in known.enumerated() { difference |= byte ^ (index < given.count ? given[index] : 0) }
        guard difference == 0 else { throw .refused(.unknownToken) }
    }
}

extension Ledger {
    /// The secret that seals are made with.
    fileprivate func sealSecret() throws -> String {
        try connection.run(
            "INSERT INTO seal (id, secret) VALUES (1, ?) ON CONFLICT DO NOTHING", [.text(WorkerInstance.make() + WorkerInstance.make())])
        return try connection.row("SELECT secret FROM seal WHERE id = 1", [])!.text(0)
    }

    /// Whether a lease that has not ended names a file: the checkpoint to go on from, or the weights to score.
    func isNamed(_ digest: String, byLeaseOf identity: String, token: Int64) throws -> Bool {
        try connection.row(
            """
            SELECT 1 FROM jobs WHERE identity = ? AND token = ? AND state IN ('leased', 'pending')
            AND (checkpoint = ? OR EXISTS (SELECT 1 FROM trainings WHERE trainings.id = jobs.training AND weights = ?))
            """, [.text(identity), .integer(token), .text(digest), .text(digest)]) != nil
    }
}
