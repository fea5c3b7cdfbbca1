import AnomalyDetection
import Catalogue
import DurableFiles
import Foundation

/// Tells on standard error, which becomes the job's log, what a training process does.
struct TrainingJournal {
    private var told: ContinuousClock.Instant?
    private var latest: JobProgress?
    private let interval: Duration
    private let write: (String) -> Void

    /// - Parameters:
    ///   - interval: progress that is made within it after some that was told is passed over.
    ///   - write: takes a line.
    init(
        interval: Duration = .seconds(1),
        write: @escaping (String) -> Void = { try? StandardStream.error.write("\(JobLog.line($0))\n") }
    ) {
        self.interval = interval
        self.write = write
    }

    mutating func note(_ event: TrainingEvent) {
        switch event {
        case .began(let engine): write("computes on \(engine)")
        case .progress(let progress):
            // The first of a stage tells that it runs, the last that it is done.
            let isDue = told.map { .now - $0 >= interval } ?? true
            let isEdge = latest?.stage != progress.stage || progress.done >= progress.total
            latest = progress
            guard isDue || isEdge else { return }
            told = .now
            write("\(progress.summary)\(Self.details(progress))")
        case .evaluation(_, let auc): write("\(place)AUC \(String(format: "%.4f", auc))")
        case .note(let text), .remark(let text): write(text)
        case .checkpoint: write("\(place)wrote a checkpoint")
        }
    }

    /// `training: epoch 3 of 250: `; nothing before the first progress.
    private var place: String { latest.map { "\($0.summary): " } ?? "" }

    /// `: loss 0.25, 100 images/s`, as far as these are known.
    private static func details(_ progress: JobProgress) -> String {
        let parts = [
            progress.loss.map { "loss \(String(format: "%.6g", $0))" }, progress.speed.map { "\(Int($0.rounded())) \(progress.unit)/s" },
        ].compactMap(\.self)
        return parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))"
    }
}
