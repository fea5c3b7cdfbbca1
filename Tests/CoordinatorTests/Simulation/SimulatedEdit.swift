import Catalogue
import Foundation
import Sweep
import Wire

@testable import Coordinator

/// Somebody submits a sweep, anew or for the first time: parts with time between them, as the store makes them.
final class SimulatedEdit {
    let planned: [PlannedJob]
    private let sweep: SweepFile
    private let request: SubmitRequest
    private var expansion: Expansion?
    private var added = 0
    /// The last job looked at for withdrawal; `nil`: none is left.
    private var place: Int64? = 0
    var isOver = false

    private static let contents = ["brain": DatasetContent(fingerprint: "f"), "rsna": DatasetContent(fingerprint: "g")]

    /// - Parameters:
    ///   - matrix: what of the whole grid is asked for; `nil`: all.
    ///   - seeds: so many of each cell.
    convenience init(of name: String, _ matrix: String? = nil, seeds: Int, parallel: Int, priority: Int = 0) throws {
        let source = """
            sweep: \(name)
            fixed: {epochs: 6}
            matrix: {\(matrix ?? "method: [ae, ae-grad], dataset: [brain, rsna]"), seed: "range(0, \(seeds))", batch_size: [64, 4096]}
            exclude: [{method: ae-grad, batch_size: 4096}]
            limits: {parallel: \(parallel)}
            retry: {max_attempts: 100, backoff: 2s..20s}
            priority: \(priority)
            """
        try self.init(SubmitRequest(source: source, file: "s", overrides: [], contents: Self.contents))
    }

    private init(_ request: SubmitRequest) throws {
        self.request = request
        sweep = try SweepFile.parse(source: request.source, file: "s")
        planned = Array(try sweep.jobs(contents: request.contents))
    }

    /// One that a crash broke off.
    convenience init(_ expansion: Expansion) throws {
        try self.init(expansion.request)
        self.expansion = expansion
    }

    /// Does the next part.
    func goOn(_ ledger: Ledger) throws {
        guard let expansion else { return self.expansion = try ledger.beginSubmit(sweep, request) }
        if added < planned.count {
            let batch = planned[added..<min(added + 5, planned.count)]
            _ = try ledger.add(Array(batch), to: expansion)
            added += batch.count
        } else if let after = place {
            place = try ledger.withdraw(from: expansion, after: after, limit: 3).next
        } else {
            try ledger.endSubmit(expansion, total: planned.count, new: 0)
            isOver = true
        }
    }
}
