import Wire

/// Why a job stands as it does, in words.
enum ExplanationText {
    /// The state, a line for each reason, and the nearest finished job.
    static func full(_ explanation: Explanation) -> String {
        var lines = ["job \(JobReference.short(explanation.identity)) is \(explanation.state.rawValue)"]
        lines += explanation.reasons.map { "  - \($0.oneLine)" }
        if let nearest = explanation.nearest {
            lines.append("the nearest finished job is \(JobReference.short(nearest.identity)):")
            lines += nearest.differences.map { "  - \($0.oneLine)" }
        }
        return lines.joined(separator: "\n")
    }
}
