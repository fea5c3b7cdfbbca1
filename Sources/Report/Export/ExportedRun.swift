import Catalogue
import Foundation
import Sweep
import Wire

/// When a job's last attempt ran, in seconds since 1970.
public struct RunTimes: Sendable, Hashable {
    public var started: Double
    /// `nil`: it has not ended.
    public var ended: Double?
    public init(started: Double, ended: Double?) {
        self.started = started
        self.ended = ended
    }
}

/// A job as trackers of experiments know it: a run with parameters, metrics by step and times.
struct ExportedRun {
    let sweep: String
    let row: JobRow
    /// `method-dataset-variant-seed0-01234567`
    let name: String
    let times: RunTimes

    init(sweep: String, row: JobRow, variant: String, times: RunTimes) {
        self.sweep = sweep
        self.row = row
        self.times = times
        let parts = [row.job.method, row.job.dataset, variant, "seed\(row.job.seed)"].filter { !$0.isEmpty }
        name = "\(Self.fileName(parts.joined(separator: "-")))-\(row.identity.prefix(8))"
    }

    /// What the numbers depend on, by name.
    var parameters: [(name: String, value: Setting)] {
        row.job.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    /// The mean training loss of each epoch, from 1, and when it was known: epochs are taken to be equally long, since
    /// results do not say.
    var losses: [(epoch: Int, loss: Double, at: Double)] {
        guard let result = row.result else { return [] }
        let end = times.ended ?? times.started
        let start = max(times.started, end - result.trainingSeconds)
        return result.losses.enumerated().map { index, loss in
            (epoch: index + 1, loss: loss, at: start + (end - start) * Double(index + 1) / Double(result.losses.count))
        }
    }

    /// The final metrics, known at the run's end and after its last epoch.
    var metrics: [(name: String, value: Double)] {
        (row.result?.metrics ?? [:]).sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    var lastEpoch: Int { row.result?.losses.count ?? 0 }

    /// Letters, digits and `._=-` only, so that it is one name in every file system; at most 150 of them.
    private static func fileName(_ text: String) -> String {
        var result = ""
        for scalar in text.replacingOccurrences(of: ", ", with: "-").unicodeScalars.prefix(150) {
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "._=-".unicodeScalars.contains(scalar))
            result.unicodeScalars.append(isPlain ? scalar : "_")
        }
        // A leading point would hide the folder.
        return result.hasPrefix(".") ? "_" + result.dropFirst() : result
    }
}
