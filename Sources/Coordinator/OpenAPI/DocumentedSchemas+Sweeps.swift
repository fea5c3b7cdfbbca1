import Sweep
import Wire

extension DocumentedSchemas {
    /// Sweeps: how they are handed in, what they ask for and how they stand.
    static let sweeps: [String: JSONSchema] = [
        "SubmitRequest": .object(
            "A sweep file handed in.",
            [
                "source": .text("The sweep file's text, at most 4 MiB."), "file": .text("The file's name, for messages.", length: 0...RequestBounds.fileLength, example: "example.yaml"),
                "overrides": JSONSchema.list(
                    "Overrides from the command line.", of: .text("An override.", length: 0...RequestBounds.overrideLength, example: "method=ae,vae")
                ).with("maxItems", .integer(Int64(RequestBounds.mostOverrides))),
                "contents": .map(
                    "What data sets are, by name. Those left out are taken from what workers last reported.",
                    of: .reference("DatasetContent")),
            ]),
        "SubmitResponse": .object(
            "What a submit did or would do.",
            [
                "sweep": .text("The sweep's name."), "revision": .integer("1 for the first submit under the name.", 1...Int64.max), "total": count("Jobs."), "new": count("Jobs nobody has asked for before."),
                "reused": count("Jobs that were finished already."), "queued": count("Jobs that another submit has already queued."),
                "withdrawn": count("Jobs without a result of an earlier version of the sweep that no sweep asks for any more; they are cancelled, and stopped where they run."),
                "axes": .map("Jobs by axis and value.", of: .map("Jobs by value.", of: count("Jobs."))),
            ]),
        "SweepList": .object("All sweeps, the newest first.", ["sweeps": .list("The sweeps.", of: .reference("SweepStatus"))]),
        "SweepStatus": .object(
            "How a sweep stands.",
            [
                "name": .text("The sweep's name."), "revision": .integer("How often it was submitted.", 1...Int64.max), "submitted": time("When it was last submitted"),
                "jobs": JSONSchema.map("Jobs by state; left out: none.", of: count("Jobs."))
                    .with("propertyNames", ["enum": .list(JobState.allCases.map { .text($0.rawValue) })]),
                "total": count("Jobs."),
                "progress": .number("Jobs that have ended, and for running ones the share of their work, over all jobs.", 0...1),
                "remaining": JSONSchema.number("Seconds until the last job is done at the present rate; left out until something is known.").optional,
                "running": .list("Jobs under lease, at most 1000.", of: .reference("RunningJob")),
                "failing": .list("Jobs that are quarantined, at most 20.", of: .reference("FailingJob")),
                "policy": .reference("SweepPolicy"), "isPaused": .boolean("Whether an operator holds the sweep back."),
                "isExpanding": .boolean("Whether its jobs are still being made from its file."),
                "weights": .list("Pretrained weights that waiting jobs need.", of: .reference("NeededWeights")).optional,
                "obstacles": .list("What keeps waiting jobs from every worker.", of: .reference("Obstacle")).optional,
            ]),
        "Obstacle": .object(
            "What no worker has that some of the jobs need.",
            ["jobs": count("Waiting jobs that it keeps."), "reason": .text("What is asked, and the most that is offered.")]),
        "NeededWeights": .object(
            "Pretrained weights without which jobs wait.",
            [
                "name": .text("The name in the catalogue.", example: "vgg19"), "jobs": count("Waiting jobs that need them."),
                "isOffered": .boolean("Whether a worker heard of in the last two minutes has them."),
            ]),
        "RunningJob": .object(
            "A job under lease.",
            [
                "identity": sha256("The job's identity."), "method": .text("Its method."), "dataset": .text("Its data set."),
                "seed": .integer("Its seed."), "worker": .text("Who holds it."), "instance": .text("Which worker of that name."), "progress": JSONSchema.reference("JobProgress").optional,
            ]),
        "FailingJob": .object(
            "A job that will not be tried again.",
            [
                "identity": sha256("The job's identity."), "method": .text("Its method."), "dataset": .text("Its data set."),
                "seed": .integer("Its seed."), "error": .text("Why its last attempt failed."),
            ]),
        "SweepPolicy": .object(
            "What a sweep file says of its jobs beyond their numbers.",
            [
                "requires": .object(
                    "What a worker must offer.",
                    [
                        "device": .choice("Its device.", ["any", "cpu", "cuda"]), "threads": JSONSchema.integer("Compute threads of a job.", 1...1024).optional,
                        "memory": count("Bytes of main memory of a job; left out: what its method needs.").optional,
                        "gpuMemory": count("Bytes of a GPU's memory of a job; left out: what its method needs.").optional,
                        "tags": .list("Words that it was started with.", of: .text("A word.")),
                        "weights": .list("Pretrained weights that it has.", of: .text("A name in the catalogue.")),
                    ]),
                "retry": .object(
                    "When a failed attempt is tried again.",
                    [
                        "maxAttempts": .integer("The most attempts that fail.", 1...Int64.max),
                        "maxLost": .integer("The most leases that are lost with their workers.", 1...Int64.max),
                        "backoffMinimum": .number("Seconds before the second attempt; doubled for each further one."),
                        "backoffMaximum": .number("The most seconds between attempts."),
                        "outOfMemoryDivisor": JSONSchema.integer(
                            "What `batch_size` is divided by when a job ran out of memory; left out: it is tried again as it is.", 2...64
                        ).optional,
                        "retryOn": .list(
                            "The failures that are tried again.", of: .choice("A kind of failure.", FailureKind.allCases.map(\.rawValue))),
                    ]),
                "limits": .object(
                    "Bounds of the sweep as a whole.",
                    [
                        "parallel": JSONSchema.integer("The most jobs leased at once.", 1...1_000_000).optional,
                        "maxFailed": JSONSchema.integer("No further leases once so many jobs are quarantined.", 1...1_000_000_000).optional,
                    ]),
                "priority": .integer("Higher goes first."),
                "metric": .object(
                    "The metric that tables are sorted and marked by.",
                    ["name": .text("Its name.", example: "auc"), "goal": .choice("What is better.", ["maximize", "minimize"])]),
                "checkpoint": .reference("CheckpointInterval"), "artefacts": .reference("KeptArtefacts"),
                "isExact": .boolean("Whether checkpoints are gone on from on their own platform only."),
                "evaluateEvery": JSONSchema.integer("Score the test images after every so many epochs.", 1...1_000_000).optional,
            ]),
        "CheckpointInterval": .one(
            "How often a worker uploads a checkpoint.",
            of: [
                .object("After epochs.", ["epochs": .object("How many.", ["_0": .integer("Epochs.", 1...Int64.max)])]),
                .object("After a time.", ["seconds": .object("How long.", ["_0": .number("Seconds.")])]),
            ]),
        "KeptArtefacts": .object(
            "What a finished job keeps besides its metrics, scores and weights.",
            [
                "maps": .boolean("The anomaly maps of all test images."),
                "examples": count("Of each class so many of the highest-scored and of the lowest-scored images; 0: none."),
            ]),
    ]
}
