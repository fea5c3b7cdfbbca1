import Wire

/// What became of an operator's request, in one sentence.
enum ControlText {
    /// `paused sweep 'demo': 12 jobs`, or why there was nothing to do.
    static func sentence(_ request: ControlRequest, _ target: ControlTarget, _ response: ControlResponse) -> String {
        guard response.changed > 0 else { return nothing(request, target) }
        var text = "\(past(request.action)) \(target.words)"
        if let priority = request.priority { text += " to \(priority)" }
        if case .sweep = target { text += ": \(jobs(response.changed))" }
        return text
    }

    /// `1 job`, `12 jobs`.
    static func jobs(_ count: Int) -> String { count == 1 ? "1 job" : "\(count) jobs" }

    private static func past(_ action: ControlRequest.Action) -> String {
        switch action {
        case .pause: "paused"
        case .resume: "resumed"
        case .cancel: "cancelled"
        case .retry: "requeued"
        case .prioritise: "set the priority of"
        }
    }

    private static func nothing(_ request: ControlRequest, _ target: ControlTarget) -> String {
        let words = target.words
        return switch (request.action, target) {
        case (.pause, .job): "nothing to pause: \(words) was paused already or has ended"
        case (.pause, _): "\(words) was paused already"
        case (.resume, _): "nothing to resume: \(words) was not paused"
        case (.cancel, .sweep): "nothing to cancel: every job of \(words) has ended"
        case (.cancel, _): "nothing to cancel: \(words) has ended"
        case (.retry, .sweep): "nothing to retry: no job of \(words) failed for good, was cancelled or waits after a failure"
        case (.retry, _): "nothing to retry: \(words) neither failed for good, nor was cancelled, nor waits after a failure"
        case (.prioritise, _): "\(words) had priority \(request.priority ?? 0) already"
        }
    }
}
