import Catalogue
import Sweep
import Wire

/// The components of the document: a schema for every body, named as its type. A test holds each against its type, so that a
/// member without a schema is noticed.
enum DocumentedSchemas {
    static let all: [String: JSONSchema] = [shared, worker, operators, sweeps, results].reduce(into: [:]) { all, part in
        all.merge(part) { _, _ in preconditionFailure("two schemas of one name") }
    }

    // MARK: What several need

    static func sha256(_ description: String) -> JSONSchema { DocumentedRoute.sha256(description) }

    /// Seconds since 1970.
    static func time(_ description: String) -> JSONSchema { .number("\(description), in seconds since 1970.") }

    /// A name in a request.
    static func name(_ description: String, example: String? = nil) -> JSONSchema {
        .text(description, length: 0...RequestBounds.nameLength, example: example)
    }

    static func names(_ description: String, of element: String) -> JSONSchema {
        JSONSchema.list(description, of: name(element)).with("maxItems", .integer(Int64(RequestBounds.mostNames)))
    }

    static func count(_ description: String) -> JSONSchema { .integer(description, 0...Int64.max) }

    private static let shared: [String: JSONSchema] = [
        "Problem": .object(
            "Why a request is refused (RFC 9457).",
            [
                "status": .integer("The HTTP status.", 400...599), "title": .text("Few words."),
                "detail": .text("One sentence: what was wrong and the mend."),
            ]),
        "Health": .object(
            "How the coordinator is.",
            [
                "status": .choice("`degraded`: the store takes writes, but a disk is nearly full.", ["ok", "degraded"]),
                "version": .text("The version of the training core that identities are made with."),
                "disks": .list("The disks below the coordinator's folders.", of: .reference("Disk")),
            ]),
        "Disk": .object(
            "Room for what a coordinator keeps.",
            [
                "folder": .choice("What lies there.", ["state", "artefacts"]), "free": count("Bytes that may be written."),
                "isLow": .boolean("Whether that is less than 1 GiB."),
            ]),
        "JobState": .choice(
            "Where a job stands: `pending → leased → done`; a lease that fails or runs out leads back to `pending` until the attempts are used up, then to `quarantined`.",
            JobState.allCases.map(\.rawValue)),
        "JobDescription": .object(
            "Everything that determines a job's numbers; its identity is made of it.",
            [
                "method": .text("The method's name in the catalogue.", example: "vae"),
                "configuration": .map(
                    "Every option of the method with its value, defaults included.",
                    of: JSONSchema.boolean("A setting.").or("number", "string")),
                "dataset": .text("The data set's name.", example: "brain"),
                "fingerprint": .text("The SHA-256 of the data set's content."), "seed": .integer("The seed of all random streams."),
                "coreVersion": .integer("The version of the training core that the job was planned for."),
            ]),
        "JobProgress": .object(
            "How far a running job is.",
            [
                "stage": name("What is under way.", example: "training"), "unit": name("What the stage counts.", example: "images"),
                "done": .integer("Units of the stage that are done."), "total": .integer("Units of the stage."),
                "work": .integer("Units of all stages that are done."), "share": .number("Done of the whole job's work, 0 to 1."),
                "epoch": JSONSchema.integer("Passes over the training images that are complete.").optional,
                "epochs": JSONSchema.integer("Passes to make.").optional,
                "loss": .number("Mean training loss of the last pass.").optional,
                "speed": .number("Units a second lately.").optional,
            ]),
        "Checkpoint": .object(
            "A checkpoint, by its file.",
            [
                "sha256": sha256("The file's digest."), "work": .integer("Work done in it."),
                "engine": .reference("EngineClass", "Where it was made."),
            ]),
        "Platform": .object(
            "What a machine does to the last digits of numbers.",
            [
                "device": name("`cpu`, or a GPU's kind.", example: "cuda NVIDIA H200"), "libtorch": name("libtorch's version."),
                "kernels": name("The kernels that libtorch chose.", example: "avx512+mkl+onednn"),
            ]),
        "EngineClass": .object(
            "What decides the last digits of a job's numbers beside the job.",
            [
                "platform": .reference("Platform"), "precision": .choice("The arithmetic of networks.", Precision.allCases.map(\.rawValue)),
                "threads": .integer("Compute threads of an operator."),
            ]),
        "DatasetContent": .object(
            "What a data set is.",
            [
                "fingerprint": name("The SHA-256 of its content."), "color": .choice("What its images are.", ImageColor.allCases.map(\.rawValue)),
            ]),
        "Artefact": .object(
            "A file that belongs to a result, put under its SHA-256 before.",
            [
                "name": .text(
                    "Its name among the job's files.", pattern: "^[A-Za-z0-9_-][A-Za-z0-9._-]*$", length: 1...100, example: JobFile.weights),
                "sha256": sha256("The file's digest."), "size": count("Bytes."),
            ]),
        "JobResult": .object(
            "What a finished job reports.",
            [
                "metrics": .map(
                    "By name: \(Catalogue.metrics.map { "`\($0.name)`: \($0.summary)" }.joined(separator: "; ")). Shares are from 0 to 1; those of pixels are there only with masks.",
                    of: .number("A metric.")
                ).with("propertyNames", .object(["enum": .list(Catalogue.metrics.map { .text($0.name) })])),
                "losses": .list("Mean training loss of each epoch of the stages that have one.", of: .number("A loss.")),
                "artefacts": JSONSchema.list("The files.", of: .reference("Artefact")).with("maxItems", .integer(Int64(RequestBounds.mostArtefacts))),
                "trainingSeconds": JSONSchema.number("Seconds of training over all attempts that contributed.").with("minimum", 0),
                "wallSeconds": JSONSchema.number("Seconds from the start to the end of the last attempt.").with("minimum", 0),
                "peakMemory": count("Peak resident memory of the training process in bytes."),
                "worker": name("The worker's name."), "host": name("Its machine."),
                "engine": .reference("EngineClass", "What decided the last digits."),
                "notes": JSONSchema.list(
                    "What a reader of the numbers should know.", of: .text("A sentence.", length: 0...RequestBounds.sentenceLength)
                ).with("maxItems", .integer(Int64(RequestBounds.mostNotes))),
            ]),
        "StoredFile": .object(
            "A file that is on disk, or the beginning of one.",
            [
                "sha256": sha256("The file's digest."),
                "received": .integer("Bytes that are there; the next part begins here.", RequestBounds.fileSize),
            ]),
    ]
}
