import Sweep
import Wire

extension DocumentedSchemas {
    /// What workers ask and are answered.
    static let worker: [String: JSONSchema] = [
        "WorkerDescription": .object(
            "What a worker says of itself.",
            [
                "name": name("For people; several may have one name.", example: "host-4711"),
                "instance": .text("What it is known by: drawn at random when it starts.", pattern: "^[0-9a-f]{32}$"),
                "host": name("Its machine."),
                "resources": .reference("WorkerResources", "What it has when it does nothing."), "platform": .reference("Platform"),
                "datasets": .map("Its data sets by name.", of: .reference("DatasetContent")),
                "methods": names("The methods it knows.", of: "A method's name in the catalogue."),
                "coreVersion": .integer("The version of its training core."),
                "weights": names("Pretrained weights that it has.", of: "A name in the catalogue."),
                "tags": names("Words that sweeps can ask for.", of: "A word."),
            ]),
        "LeaseRequest": .object(
            "A worker asks for jobs.",
            [
                "worker": .reference("WorkerDescription"),
                "free": .reference("WorkerResources", "What it has left."),
                "limit": .integer(
                    "The most jobs that it wants; at most \(RequestBounds.mostLeases) are given at once.", RequestBounds.leaseLimit),
                "wait": .number("Seconds to wait for the first.", RequestBounds.wait),
                "holding": JSONSchema.list(
                    "The identities of all jobs that the worker has, when an answer may have been lost: leases of its that are not among them are handed over once more.",
                    of: .text("An identity.")
                ).optional,
            ]),
        "WorkerResources": .object(
            "What a worker offers, or has left.",
            [
                "threads": .integer("Compute threads.", RequestBounds.threads), "memory": memory("Bytes of main memory."),
                "gpus": .list("Bytes of memory of each GPU; none for a worker that computes on its processor.", of: memory("Bytes.")),
            ]),
        "JobResources": .object(
            "What a job takes of its worker.",
            [
                "threads": .integer("Compute threads.", RequestBounds.threads), "memory": memory("Bytes of main memory."),
                "gpuMemory": memory("Bytes of a GPU's memory, where it runs on one."),
            ]),
        "LeaseResponse": .object(
            "The jobs given out; none when none was to be had in time.",
            [
                "coordinator": .text("Which coordinator this is: random, and kept with the queue. Results belong to it, not to its address."),
                "leases": .list("The jobs.", of: .reference("Lease")),
            ]),
        "Lease": .object(
            "One job given out under a fencing token.",
            [
                "identity": sha256("The job's identity."), "job": .reference("JobDescription"), "token": token,
                "resources": .reference("JobResources"),
                "attempt": .integer("1 for the first.", 1...Int64.max),
                "duration": .number("Seconds until the lease runs out without a heartbeat."),
                "heartbeat": .number("Seconds between heartbeats."),
                "checkpoint": JSONSchema.reference("Checkpoint", "Where to go on from.").optional,
                "checkpointInterval": .reference("CheckpointInterval"),
                "trainedWeights": sha256("The digest of the weights to score instead of training any.").optional,
                "artefacts": .reference("KeptArtefacts", "What to keep of the job."),
                "evaluateEvery": JSONSchema.integer("Score the test images after every so many epochs.", 1...1_000_000).optional,
            ]),
        "HeartbeatRequest": .object(
            "A worker is at work on a job.",
            [
                "token": anyToken,
                "progress": JSONSchema.reference("JobProgress", "How far the job is.").optional, "log": logPiece,
                "curve": curve("Points that are new; beyond \(CurvePoint.limit) they are passed over."),
            ]),
        "HeartbeatResponse": .object(
            "What the worker is to do.",
            [
                "action": .choice(
                    "`continue`: go on; `cancel`: stop the job and forget it; `drain`: write a checkpoint and hand the job back.",
                    ["continue", "cancel", "drain"])
            ]),
        "CheckpointRequest": .object(
            "A checkpoint whose file was put before.", ["token": anyToken, "checkpoint": .reference("Checkpoint")]),
        "ResultRequest": .object(
            "A result whose files were put before.",
            [
                "coordinator": JSONSchema.text("The coordinator that gave the job out; any other refuses the result.").optional,
                "token": anyToken, "result": .reference("JobResult"), "log": logPiece,
                "curve": curve("Points at which the test images were scored and of which no heartbeat told."),
            ]),
        "FailureRequest": .object(
            "Why an attempt failed.",
            [
                "token": anyToken,
                "kind": .choice(
                    "`crash`: a signal ended the training; `error`: it gave up and said why; `divergence`: the loss is not a number any more; `data`: an image or a mask is not what it should be; `out_of_memory`: the device or the machine had no memory left; `storage`: a disk was full; `lost`: the worker was not heard of.",
                    FailureKind.allCases.map(\.rawValue)),
                "error": .text("One sentence. Of more than \(RequestBounds.sentenceLength) characters the beginning is kept."),
                "logTail": .text("The last lines of the training's log; of more than 16 KiB the end is kept."),
                "signal": JSONSchema.integer("The signal that ended the training, if one did.").optional, "log": logPiece,
            ]),
        "ReleaseRequest": .object("A job is handed back.", ["token": anyToken, "log": logPiece]),
        "LogPiece": .object(
            "What is new of an attempt's log.",
            [
                "offset": .integer(
                    "Bytes of the attempt's log before this piece; what was sent before is known by it.", RequestBounds.logOffset),
                "text": .text("Lines. Of more than 64 KiB the end is kept."),
            ]),
        "Acknowledgement": .object(
            "The answer to a report. A replay gets the same as the first.",
            [
                "state": .reference("JobState", "The job's state now."),
                "recorded": .boolean("False when the job had its result already from another attempt."),
            ]),
    ]

    private static func memory(_ description: String) -> JSONSchema { .integer(description, RequestBounds.memory) }
    private static let logPiece = JSONSchema.reference("LogPiece", "What is new of the attempt's log.").optional
    private static func curve(_ description: String) -> JSONSchema {
        JSONSchema.list(description, of: .reference("CurvePoint")).optional
    }
    private static let token = JSONSchema.text(
        "The lease's token: its number, by which newer leases fence older ones, and a seal that nobody can guess.",
        pattern: "^[1-9][0-9]{0,18}\\.[0-9a-f]{32}$")
    /// In a request: one that was never given out is answered with a 409, whatever it is.
    private static let anyToken = JSONSchema.text("The lease's token as it was given out.", pattern: "^[0-9]{1,18}\\.[0-9a-f]{0,64}$")
}
