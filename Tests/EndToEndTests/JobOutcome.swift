import Wire

/// The part of a job's result that must not depend on where, how often or how smoothly it ran.
struct JobOutcome: Hashable {
    let metrics: [String: Double]
    let losses: [Double]
    /// SHA-256 of the files by name: the scores and the final weights.
    let files: [String: String]

    init(_ result: JobResult) {
        metrics = result.metrics
        losses = result.losses
        files = Dictionary(result.artefacts.map { ($0.name, $0.sha256) }) { first, _ in first }
    }
}
