import Foundation
import Sweep
import Testing
import Wire

@testable import Coordinator

/// Requests that share a transaction, asked of every database that can keep a store.
@Suite struct TransactionTests {
    typealias Kind = StoreConformanceTests.Kind

    private static let row = RowShape.insert("datasets", [.text("name"), .text("fingerprint"), .text("color")], keys: 1)
    private static let change = RowShape.update("datasets", "content", keys: [.text("name")], set: [.text("fingerprint")])

    /// What a refused request has written goes, in whatever way it was written; what came before it and after it stays.
    @Test(arguments: Kind.allCases) func refusedRequestsLeaveNothing(_ kind: Kind) async throws {
        let place = try StoreConformanceTests.Place(kind)
        let database = try place.database()
        let refusal = StoreError.senseless("no")
        func fill(_ ledger: Ledger, _ name: String, reading: Bool = false) throws {
            try ledger.connection.add([.text(name), .text("f"), .text("grey")], to: Self.row)
            if reading { _ = try ledger.knownDatasets() }
            ledger.log("filled \(name)", who: "w")
        }
        try database.transaction { connection, now in
            let ledger = Ledger(connection, now: now, cache: StoreCache(clock: place.clock))
            try ledger.request { try fill($0, "first") }
            // Nothing of it has reached the database yet.
            #expect(throws: refusal) { try ledger.request { try fill($0, "waiting"); throw refusal } }
            // All of it has.
            #expect(throws: refusal) { try ledger.request { try fill($0, "written", reading: true); throw refusal } }
            // Written at once, and something before it that waited.
            #expect(throws: refusal) {
                try ledger.request { ledger in
                    try fill(ledger, "before")
                    try ledger.connection.run("INSERT INTO datasets (name, fingerprint, color) VALUES ('at once', 'f', 'grey')", [])
                    ledger.count(7, .done, 1)
                    ledger.queue(7, 7, 1)
                    try fill(ledger, "after")
                    throw refusal
                }
            }
            try ledger.request { try fill($0, "second", reading: true) }
            // The same row again and again, in order.
            for fingerprint in ["g", "h"] { try ledger.connection.add([.text("second"), .text(fingerprint)], to: Self.change) }
            try ledger.request { try fill($0, "last") }
            try ledger.flush(database)
        }
        let store = JobStore(database) {}
        let known = try await store.knownDatasets()
        #expect(known.mapValues(\.fingerprint) == ["first": "f", "second": "h", "last": "f"])
        #expect(try await store.events(after: 0, limit: 10, sweep: nil, job: nil).events.map(\.what) == ["filled first", "filled second", "filled last"])
        #expect(try await store.figures(now: 1).jobs["done", default: 0] == 0)
    }

    /// Texts come back from PostgreSQL's arrays as they went in.
    @Test(arguments: Kind.allCases) func textsComeBackAsTheyWere(_ kind: Kind) async throws {
        let place = try StoreConformanceTests.Place(kind)
        let database = try place.database()
        let texts = ["", "plain", "a,b {c}", "quote \" and \\ backslash", "NULL", "line\nbreak", "ä 漢 🙂", " blank "]
        try database.transaction { connection, now in
            let ledger = Ledger(connection, now: now, cache: StoreCache(clock: place.clock))
            for (number, text) in texts.enumerated() {
                try ledger.connection.add([.text("\(number)"), .text(text), .text("grey")], to: Self.row)
            }
            try ledger.flush(database)
        }
        let known = try await JobStore(database) {}.knownDatasets()
        #expect(texts.indices.map { known["\($0)"]?.fingerprint } == texts)
    }
}
