import Sweep
import Wire

extension DocumentedSchemas {
    /// What operators ask and look at, beside sweeps and their results.
    static let operators: [String: JSONSchema] = [
        "ControlRequest": .object(
            "What is to be done to a sweep or a job.",
            [
                "action": .choice(
                    "`pause`: give out no more of it, what runs is checkpointed and handed back; `resume`: undo that; `cancel`: take every job without a result out of the queue; `retry`: put what failed for good or was cancelled back; `prioritise`: change the priority.",
                    ControlRequest.Action.allCases.map(\.rawValue)),
                "priority": JSONSchema.integer(
                    "With `prioritise`, which needs it: a sweep's priority, or what is added to it for a job.", RequestBounds.priority
                ).optional,
                "who": who,
            ]
        ).with("if", ["properties": ["action": ["const": "prioritise"]], "required": ["action"]])
            .with("then", ["properties": ["priority": ["type": "integer"]], "required": ["priority"]]),
        "WorkerControlRequest": .object(
            "What is to be done to a worker.",
            [
                "action": .choice("`pause`: it is given no more jobs and hands back what it has; `resume`: undo that.", ["pause", "resume"]),
                "priority": JSONSchema.integer("Means nothing here.", RequestBounds.priority).optional, "who": who,
            ]),
        "ControlResponse": .object(
            "What became of it.", ["changed": count("Jobs whose state or place changed; 0: it was so already.")]),
        "EventPage": .object(
            "Events in order.",
            [
                "events": .list("The events.", of: .reference("Event")),
                "next": .integer("Pass as `after` to go on: the last event looked at."),
            ]),
        "Event": .object(
            "One line of the event log.",
            [
                "id": .integer("Grows with every event.", 1...Int64.max), "at": time("When it was"),
                "who": .text("A worker, an operator or `coordinator`."), "what": .text("`leased`, `done`, `failed: …` and so on."),
                "job": sha256("The job's identity, if it is about one.").optional,
                "sweep": JSONSchema.text("The sweep's name, if it is about one.").optional,
            ]),
        "WorkerList": .object("Workers by name.", ["workers": .list("The workers.", of: .reference("WorkerStatus"))]),
        "WorkerStatus": .object(
            "A worker as the coordinator last heard of it.",
            [
                "description": .reference("WorkerDescription"),
                "seen": time("When it last asked for work or told of a job, give or take ten seconds"),
                "jobs": count("Jobs it holds leases on."), "isPaused": .boolean("Whether an operator keeps new jobs from it."),
            ]),
        "Explanation": .object(
            "Why a job runs, waits, was reused or ended.",
            [
                "identity": sha256("The job's identity."), "state": .reference("JobState"),
                "reasons": .list("One fact each, the most important first.", of: .text("A sentence.")),
                "nearest": JSONSchema.reference("NearestJob", "The finished job that differs in the fewest parts of its identity.").optional,
            ]),
        "NearestJob": .object(
            "A finished job and how it differs.",
            [
                "identity": sha256("Its identity."),
                "differences": .list("What differs.", of: .text("A setting.", example: "epochs: 20 here, 40 there")),
            ]),
        "JobDetail": .object(
            "Everything about one job.",
            [
                "identity": sha256("The job's identity."), "job": .reference("JobDescription"), "record": .reference("JobRecord"),
                "progress": JSONSchema.reference("JobProgress").optional, "result": JSONSchema.reference("JobResult").optional,
                "attempts": .list("Its leases, the oldest first.", of: .reference("Attempt")),
                "sweeps": .list("The sweeps that ask for it.", of: .text("A sweep's name.")),
                "curve": JSONSchema.list(
                    "The learning curves so far; of a finished job the points at which its test images were scored.",
                    of: .reference("CurvePoint")
                ).optional,
            ]),
        "CurvePoint": .object(
            "A point of a job's learning curves.",
            [
                "work": .integer("Work done by then, from 1."),
                "loss": JSONSchema.number("Mean training loss of the epoch that ended there.").optional,
                "auc": JSONSchema.number("Area under the ROC curve of the test images then.").optional,
            ]),
        "LogPage": .object(
            "A part of a job's log: of all its attempts, one after the other.",
            [
                "text": .text("Lines."), "next": count("Pass as `after` to go on: bytes of the whole log."),
                "isEnded": .boolean("Whether the job has ended, and nothing more is to come."), "state": .reference("JobState"),
            ]),
        "JobRecord": .object(
            "A job's course as far as leases go.",
            [
                "state": .reference("JobState"), "token": count("The fencing token of the newest lease; 0: never leased."),
                "failedAttempts": count("Attempts that failed."), "lostLeases": count("Leases that were lost with their workers."),
                "hold": JSONSchema.reference("Hold", "The holder of the present lease.").optional,
                "notBefore": time("When the job may be leased again"),
                "checkpoint": JSONSchema.reference("Checkpoint", "The newest that was accepted.").optional,
                "endedToken": count("The token under which the last attempt ended with a failure or a release."),
                "resultToken": count("The token whose result was taken; 0: none."),
                "isPaused": .boolean("Whether an operator holds the job back."),
                "isAwaitingTraining": .boolean("Whether it waits for another job that trains what it trains."),
            ]),
        "Hold": .object("Who holds a lease.", ["worker": .text("The worker's name."), "instance": .text("Which of that name."), "expires": time("When it runs out")]),
        "Attempt": .object(
            "One lease of a job and how it ended.",
            [
                "token": token(), "worker": .text("The worker's name."), "started": time("When it was given out"),
                "ended": time("When it ended").optional,
                "outcome": JSONSchema.choice(
                    "How it ended; left out while it runs.", ["done", "failed", "expired", "released", "cancelled", "superseded"]
                ).optional,
                "error": JSONSchema.text("Why it failed.").optional, "logTail": JSONSchema.text("The end of its log.").optional,
                "signal": JSONSchema.integer("The signal that ended the training.").optional,
            ]),
    ]

    private static let who = name("Who asks, for the event log.", example: "anna@host")
    private static func token() -> JSONSchema { .integer("The fencing token of the lease.", 1...Int64.max) }
}
