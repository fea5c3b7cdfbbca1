import Catalogue
import Wire

/// What a result must be to be kept: its numbers end in tables and its names in other programs' files.
enum ResultCheck {
    /// What a share may pass 0 and 1 by, for the rounding of sums.
    private static let rounding = 1e-6

    static func require(_ result: JobResult) throws(Problem) {
        for (name, value) in result.metrics.sorted(by: { $0.key < $1.key }) {
            guard let metric = Catalogue.metrics.first(where: { $0.name == name }) else {
                let hint = nearestNameHint(for: name, among: Catalogue.metrics.map(\.name))
                throw refusal("there is no metric '\(name.prefix(RequestBounds.nameLength).oneLine)'\(hint)")
            }
            guard value.isFinite else { throw refusal("the metric '\(name)' is no finite number") }
            guard !metric.isShare || (-rounding...1 + rounding).contains(value) else {
                throw refusal("the metric '\(name)' is a share from 0 to 1, not \(value)")
            }
        }
        for (name, value) in [("trainingSeconds", result.trainingSeconds), ("wallSeconds", result.wallSeconds)] {
            guard value.isFinite, value >= 0 else { throw refusal("'\(name)' is a time from 0 on, not \(value)") }
        }
        guard result.losses.allSatisfy(\.isFinite) else {
            throw refusal("a loss is no finite number; a training that diverges has failed")
        }
        guard result.peakMemory >= 0 else { throw refusal("'peakMemory' is a number of bytes from 0 on, not \(result.peakMemory)") }
        guard result.artefacts.count <= RequestBounds.mostArtefacts, result.notes.count <= RequestBounds.mostNotes else {
            throw refusal("a result has at most \(RequestBounds.mostArtefacts) files and \(RequestBounds.mostNotes) notes")
        }
        for artefact in result.artefacts {
            guard ArtefactStore.fileName(artefact.name) != nil, artefact.size >= 0 else {
                throw refusal(
                    "'\(artefact.name.prefix(RequestBounds.nameLength).oneLine)' is no plain name of a file; use letters, digits, '.', '-' and '_'"
                )
            }
        }
        try RequestBounds.require(result.worker, "result.worker")
        try RequestBounds.require(result.host, "result.host")
        try RequestBounds.require(result.engine.platform, "result.engine.platform")
        for note in result.notes { try RequestBounds.require(note, "result.notes", atMost: RequestBounds.sentenceLength) }
    }

    private static func refusal(_ sentence: String) -> Problem { Problem(status: 422, title: "bad result", detail: sentence) }
}
