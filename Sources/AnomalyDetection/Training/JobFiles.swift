import Catalogue
import DurableFiles
import Foundation
import Imaging
import Torch

/// What a finished job leaves besides its metrics and weights: the scores of all test images, their maps, and a few
/// images to look at.
struct JobFiles {
    let data: JobData
    let scoring: PartialScoring
    let request: TrainingRequest

    /// Whether maps are needed although no mask asks for them: not where they would take more than half a GiB of memory.
    static func needsMaps(_ data: JobData, _ request: TrainingRequest) -> Bool {
        (request.keepsMaps || request.examples > 0) && data.test.count * data.test.pixels <= 1 << 27
    }

    /// Writes the files into the job's work directory.
    /// - Returns: name → place, by the names of ``JobFile``: the scores always; as the request asks, maps from a scorer with maps, and
    ///   examples.
    /// - Throws: the file system's errors, `ImagingError`, ``TorchError``.
    func write(_ model: any Model) throws -> [String: URL] {
        var files = [
            JobFile.scores: try writeJSON(
                ImageScores(names: data.names, labels: data.labels.map { $0 ? 1 : 0 }, scores: scoring.scores), JobFile.scores)
        ]
        if request.keepsMaps, scoring.mapSide > 0, scoring.maps.count <= AnomalyMaps.pixelLimit {
            let file = place(JobFile.maps)
            let maps = AnomalyMaps(
                count: data.names.count, height: scoring.mapSide, width: scoring.mapSide, values: scoring.maps)
            try maps.write(to: file)
            files[JobFile.maps] = file
        }
        guard request.examples > 0 else { return files }
        let examples = try Examples(
            model, data: data, scoring: scoring, countPerEnd: request.examples, seed: request.job.seed)
        let sheet = place(JobFile.examples)
        try ImageCodec.writePNG(examples.sheet, to: sheet)
        files[JobFile.examples] = sheet
        files[JobFile.exampleRows] = try writeJSON(examples.description, JobFile.exampleRows)
        return files
    }

    private func place(_ name: String) -> URL { request.workDirectory.appending(path: name) }

    private func writeJSON(_ value: some Encodable, _ name: String) throws -> URL {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try DurableFile.write(encoder.encode(value), to: place(name))
        return place(name)
    }
}
