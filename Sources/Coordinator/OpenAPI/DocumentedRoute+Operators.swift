import Hummingbird
import Sweep
import Wire

extension DocumentedRoute {
    /// What operators ask, and the coordinator's own routes.
    static let operatorRoutes: [DocumentedRoute] = [
        // The coordinator.
        .init(
            .get, Routes.health, "health", .coordinator, "Whether the store takes writes",
            description: "Writes something and takes it back, so that a full or broken disk is noticed.", access: .anybody,
            answer: .json("Health", "It takes writes.")),
        .init(
            .get, Routes.metrics, "metrics", .coordinator, "Metrics for Prometheus", access: .everyRole,
            answer: .init(
                description: "Jobs, leases, workers and latencies in Prometheus's text format 0.0.4.",
                content: ["text/plain": .init(schema: .text("One sample a line."))])),
        .init(
            .get, Routes.document, "document", .coordinator, "This document", access: .anybody,
            answer: .init(
                description: "The OpenAPI 3.1 document of this coordinator.",
                content: ["application/json": .init(schema: .map("An OpenAPI document.", of: .anything))]),
            usesStore: false),

        // Sweeps.
        .init(
            .get, Routes.sweeps, "sweeps", .sweeps, "All sweeps, the newest first", answer: .json("SweepList", "How they stand.")),
        .init(
            .post, Routes.sweeps, "submit", .sweeps, "Submit a sweep, or edit the one of that name",
            description: "Answers when every job is in the queue. Work that was finished before, in whatever sweep, is not done again.",
            body: submission, answer: .json("SubmitResponse", "What the submit did."), problems: [409, 422, 507]),
        .init(
            .post, Routes.plan, "plan", .sweeps, "What a submit would do", description: "Changes nothing.", body: submission,
            answer: .json("SubmitResponse", "What a submit would do."), problems: [422]),
        .init(
            .get, Routes.sweep("{name}"), "sweep", .sweeps, "How a sweep stands", parameters: [.sweepName],
            answer: .json("SweepStatus", "How it stands."), problems: [400, 404]),
        .init(
            .get, Routes.jobs(sweep: "{name}"), "sweepJobs", .sweeps, "A page of a sweep's jobs, in the order of expansion",
            parameters: [
                .sweepName,
                .query(
                    "after", "The position behind which the page begins: `next` of the page before; left out, the first.",
                    .integer("A position.", RequestBounds.position)),
                .limit(RequestBounds.page, usual: 100),
                .query("state", "Only jobs in this state. A page may then be short of its limit.", .choice("A state.", JobState.allCases.map(\.rawValue))),
            ],
            answer: .json("JobPage", "The page."), problems: [400, 404]),
        .init(
            .get, Routes.source(sweep: "{name}"), "sweepSource", .sweeps, "The sweep file that a sweep was last made from",
            parameters: [.sweepName], answer: .json("SubmitRequest", "What was submitted."), problems: [400, 404]),
        .init(
            .get, Routes.results(sweep: "{name}"), "sweepResults", .sweeps, "Every job of a sweep with its metrics, for tables",
            parameters: [.sweepName], answer: .json("ResultColumns", "The jobs, grouped."), problems: [400, 404]),
        .init(
            .get, Routes.grid(sweep: "{name}"), "sweepGrid", .sweeps, "The states of a sweep's jobs, a letter each",
            parameters: [
                .sweepName,
                .query(
                    "after", "The position behind which the page begins: `next` of the page before; left out, the first.",
                    .integer("A position.", RequestBounds.position)),
                .limit(RequestBounds.gridPage, usual: 20_000),
            ],
            answer: .json("JobGrid", "The letters."), problems: [400, 404]),
        .init(
            .get, Routes.table(sweep: "{name}"), "sweepTable", .sweeps, "A sweep's results, summed up", parameters: [.sweepName],
            answer: .json("DashboardTable", "Means and standard deviations by line and data set."), problems: [400, 404]),
        .init(
            .post, Routes.control(sweep: "{name}"), "controlSweep", .sweeps, "Pause, resume, cancel, retry or prioritise a sweep",
            parameters: [.sweepName], body: control("ControlRequest"),
            answer: .json("ControlResponse", "How many jobs that changed."), problems: [404, 507]),

        // Jobs.
        .init(
            .get, Routes.job("{identity}"), "job", .jobs, "Everything about a job", parameters: [.anyIdentity],
            answer: .json("JobDetail", "The job."), problems: [400, 404, 409]),
        .init(
            .get, Routes.log("{identity}"), "jobLog", .jobs, "What a job writes",
            description: "Waits up to `wait` seconds until there is more, unless the job has ended.",
            parameters: [
                .anyIdentity,
                .query(
                    "after", "Bytes of the log that are known already: `next` of the part before; negative: begin so many before the end.",
                    .integer("Bytes.", RequestBounds.event)),
                .query("wait", "Seconds to wait for more; left out: 0.", .number("Seconds.", RequestBounds.wait)),
            ],
            answer: .json("LogPage", "What is new."), problems: [400, 404, 409]),
        .init(
            .get, Routes.explain("{identity}"), "explainJob", .jobs, "Why a job runs, waits, was reused or ended",
            parameters: [.anyIdentity], answer: .json("Explanation", "The reasons."), problems: [400, 404, 409]),
        .init(
            .post, Routes.control(job: "{identity}"), "controlJob", .jobs, "Pause, resume, cancel, retry or prioritise a job",
            parameters: [.anyIdentity], body: control("ControlRequest"),
            answer: .json("ControlResponse", "1 if that changed something, else 0."), problems: [404, 409, 507]),

        // Workers and events.
        .init(
            .get, Routes.workers, "workers", .workers, "Workers heard of lately, by name", answer: .json("WorkerList", "The workers.")),
        .init(
            .post, Routes.control(worker: "{name}"), "controlWorker", .workers, "Pause or resume a worker",
            parameters: [.workerName], body: control("WorkerControlRequest"),
            answer: .json("ControlResponse", "How many jobs it held, at least 1 if that changed something."), problems: [404, 507]),
        .init(
            .get, Routes.events, "events", .workers, "What has happened, in order",
            description: "Waits up to `wait` seconds until there is an event, and answers an empty page if there is none.",
            parameters: [
                .query(
                    "after", "The event behind which the page begins: `next` of the page before; negative: so many of the last ones; left out: the first.",
                    .integer("An event's number, or a count below zero.", RequestBounds.event)),
                .limit(RequestBounds.page, usual: 100),
                .query("sweep", "Only events of this sweep.", sweepName),
                .query("job", "Only events of the job whose identity begins so.", identityBeginning),
                .query("wait", "Seconds to wait for an event; left out: 0.", .number("Seconds.", RequestBounds.wait)),
            ],
            answer: .json("EventPage", "The events."), problems: [400, 404, 409]),
    ]

    private static let submission = OpenAPIDocument.RequestBody(
        description: "The sweep file with what else it is made of.",
        content: [
            "application/json": .init(
                schema: .reference("SubmitRequest"),
                examples: [
                    "grid": .init(
                        summary: "Two methods with three seeds each",
                        value: [
                            "source": .text("sweep: example\nfixed: {epochs: 2}\nmatrix: {method: [ae, vae], dataset: brain, seed: \"range(0, 3)\"}\n"),
                            "file": "example.yaml", "overrides": ["epochs=1,2"],
                            "contents": ["brain": ["fingerprint": .text(String(repeating: "0123456789abcdef", count: 4)), "color": "grey"]],
                        ])
                ])
        ])

    private static func control(_ schema: String) -> OpenAPIDocument.RequestBody {
        .init(
            description: "What is wanted.",
            content: [
                "application/json": .init(
                    schema: .reference(schema),
                    examples: ["pause": .init(summary: "Give out no more of it", value: ["action": "pause", "who": "anna@host"])])
            ])
    }
}
