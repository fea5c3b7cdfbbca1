import AnomalyDetection
import Foundation
import Sweep

/// What a training process tells its worker: one JSON object a line.
enum ChildMessage: Codable, Sendable {
    case event(TrainingEvent)
    case outcome(TrainingOutcome, peakMemory: Int64)
    case error(String, kind: FailureKind)
}
