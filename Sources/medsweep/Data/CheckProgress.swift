import Datasets
import Foundation
import Synchronization

/// Says how far a check is.
enum CheckProgress {
    /// Checks a data set's folder with a progress line on standard error.
    static func run(_ root: URL, name: String) throws(DatasetError) -> DatasetCheck {
        let line = Mutex(ProgressLine())
        defer { line.withLock { $0.clear() } }
        let start = ContinuousClock.now
        return try DatasetCheck.run(root, name: name) { done, total in
            // Two hundred lines are enough; more would take longer than decoding small images does.
            let step = max(1, total / 200)
            guard done % step == 0 || done == total else { return }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            line.withLock { $0.show(text(done: done, total: total, seconds: seconds)) }
        }
    }

    /// `checking 120 of 3851 images, about 12 s left`
    static func text(done: Int, total: Int, seconds: Double) -> String {
        let left = Double(total - done) * seconds / Double(max(1, done))
        let end = done < total && seconds > 0.5 ? ", about \(Terminal.duration(left)) left" : ""
        return "checking \(done) of \(total) images\(end)"
    }
}
