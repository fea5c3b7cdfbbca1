import Catalogue
import Hummingbird
import Wire

extension DocumentedRoute {
    /// What workers ask and report. Whatever is posted may be posted again: a replay gets the same answer.
    static let workerRoutes: [DocumentedRoute] = [
        .init(
            .post, Routes.leases, "lease", .leases, "Ask for work",
            description: "Waits up to `wait` seconds for the first job, and answers an empty list if there is none.", access: .everyRole,
            body: .init(
                description: "The worker and how much it has room for.",
                content: [
                    "application/json": .init(
                        schema: .reference("LeaseRequest"), examples: ["one": .init(summary: "One job, without waiting", value: leaseExample)])
                ]),
            answer: .json("LeaseResponse", "The jobs given out."), problems: [507]),
        report(
            Routes.heartbeat("{identity}"), "heartbeat", "Prolong a lease, and say how far the job is", "HeartbeatRequest",
            answer: .json("HeartbeatResponse", "What to do now.")),
        report(
            Routes.checkpoint("{identity}"), "checkpoint", "Hand in a checkpoint whose file was put before", "CheckpointRequest",
            answer: .json("Acknowledgement", "It is kept.")),
        report(
            Routes.result("{identity}"), "result", "Hand in a result whose files were put before", "ResultRequest",
            description: "A complete result is taken under an old token too, if the job has none yet: equal jobs give equal numbers.",
            answer: .json("Acknowledgement", "It is kept, or another was there before."), problems: [421, 422]),
        report(
            Routes.failure("{identity}"), "failure", "Report that an attempt failed", "FailureRequest",
            answer: .json("Acknowledgement", "The job waits for its next attempt, or is quarantined.")),
        report(
            Routes.release("{identity}"), "release", "Hand a job back without blame", "ReleaseRequest",
            answer: .json("Acknowledgement", "The job waits again.")),

        // Files.
        .init(
            .put, Routes.artefact("{digest}"), "putFile", .files, "Put a file under its SHA-256",
            description: "Whole, or with `offset` and `size` in parts, one after the other: for proxies that limit what is sent.", access: .everyRole,
            parameters: [
                .digest, .query("offset", "Where the part begins.", .integer("Bytes.", RequestBounds.fileSize)),
                .query("size", "The whole file's size; without it the body is the whole file.", .integer("Bytes.", RequestBounds.fileSize)),
            ],
            body: .init(description: "The file's bytes; an empty file has none.", required: false, content: ["application/octet-stream": .init(schema: .bytes)]),
            answer: .json("StoredFile", "It is on disk, or so much of it."), problems: [400, 413, 422, 507], usesStore: false),
        .init(
            .get, Routes.artefact("{digest}"), "file", .files, "A file by its SHA-256",
            description: "With a worker's token: what the lease names that the header `\(Routes.leaseHeader): IDENTITY TOKEN` shows.", access: .everyRole,
            parameters: [
                .digest,
                .query(
                    "name",
                    "The name to save it under: letters, digits, '.', '-' and '_', at most 100 and no '.' first. Any other is passed over for the digest.",
                    .text("A file's name.", example: JobFile.scores)),
            ],
            answer: .init(
                description: "The file. A PNG under a name that ends so is said to be one.",
                content: ["application/octet-stream": .init(schema: .bytes), "image/png": .init(schema: .bytes)],
                headers: [
                    "Content-Disposition": .init(
                        description: "The name to save it under.", schema: .text("`inline` or `attachment` with a file name."))
                ]),
            problems: [400, 404, 409]),
    ]

    /// What a worker reports of a job that it holds.
    private static func report(
        _ path: String, _ name: String, _ summary: String, _ schema: String, description: String? = nil, answer: Answer,
        problems: Set<Int> = []
    ) -> DocumentedRoute {
        .init(
            .post, path, name, .leases, summary, description: description, access: .everyRole, parameters: [.identity],
            body: .init(description: "The report, under the lease's token.", content: ["application/json": .init(schema: .reference(schema))]),
            answer: answer, problems: problems.union([404, 409, 507]))
    }

    private static let leaseExample: JSONValue = [
        "free": ["threads": 2, "memory": 8_589_934_592, "gpus": []], "limit": 1, "wait": 0,
        "worker": [
            "name": "host-4711", "instance": .text(String(repeating: "0123456789abcdef", count: 2)), "host": "host", "resources": ["threads": 2, "memory": 8_589_934_592, "gpus": []],
            "platform": ["device": "cpu", "libtorch": "2.13.0", "kernels": "avx512+mkl+onednn"],
            "datasets": ["brain": ["fingerprint": .text(String(repeating: "0123456789abcdef", count: 4)), "color": "grey"]],
            "methods": ["ae", "vae"], "coreVersion": 2, "weights": [], "tags": [],
        ],
    ]
}
