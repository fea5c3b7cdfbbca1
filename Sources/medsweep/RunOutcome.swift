import Wire

/// How a run ended.
struct RunOutcome: Sendable {
    let status: SweepStatus
    /// The revision of the sweep that was submitted.
    let revision: Int

    /// What keeps the run from being a success: that every job of its file has a result is the only one. `nil`: nothing.
    /// - Parameter state: the state folder, to be named in what is said.
    func missing(state: String) -> String? {
        guard status.revision == revision else {
            return "sweep '\(status.name)' was submitted anew meanwhile, with other jobs; run the same command again for those of this file"
        }
        let failed = status.failedForGood
        if failed > 0 { return "\(failed) jobs failed for good; `medsweep status --state \(state)` tells why" }
        let missing = status.total - status.jobs[.done, default: 0]
        guard missing > 0 else { return nil }
        return "\(ControlText.jobs(missing)) of sweep '\(status.name)' \(missing == 1 ? "has" : "have") no result, since \(missing == 1 ? "it was" : "they were") cancelled; `medsweep retry \(status.name) --state \(state)` sends \(missing == 1 ? "it" : "them") back into the queue"
    }
}
