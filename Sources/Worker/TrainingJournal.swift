import AnomalyDetection
import Foundation

/// Tells on standard error, which becomes the job's log, what a training process does.
struct TrainingJournal {
    private var last: ContinuousClock.Instant?
    private let interval: Duration
    private let write: (String) -> Void

    /// - Parameters:
    ///   - interval: epochs that end within it after one that was told are passed over.
    ///   - write: takes a line.
    init(
        interval: Duration = .seconds(1),
        write: @escaping (String) -> Void = { FileHandle.standardError.write(Data("\(JobLog.line($0))\n".utf8)) }
    ) {
        self.interval = interval
        self.write = write
    }

    mutating func note(_ event: TrainingEvent) {
        switch event {
        case .progress(let epoch, let epochs, let loss, let imagesPerSecond):
            // The first tells that it runs, the last that it is done.
            guard last.map({ .now - $0 >= interval }) ?? true || epoch == epochs else { return }
            last = .now
            write("epoch \(epoch) of \(epochs): loss \(String(format: "%.6g", loss)), \(Int(imagesPerSecond.rounded())) images/s")
        case .evaluation(let epoch, let auc): write("epoch \(epoch): AUC \(String(format: "%.4f", auc))")
        case .note(let text): write(text)
        case .checkpoint(_, let epoch): write("wrote a checkpoint after epoch \(epoch)")
        }
    }
}
