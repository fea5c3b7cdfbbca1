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
    /// - Returns: name → place: `scores.json` always; as the request asks, `maps.bin` from a scorer with maps (`AnomalyMaps`
    ///   describes the file), `examples.png` and `examples.json`.
    /// - Throws: the file system's errors, `ImagingError`, ``TorchError``.
    func write(_ model: any Model) throws -> [String: URL] {
        var files = [
            "scores.json": try writeJSON(
                ScoreFile(names: data.names, labels: data.labels.map { $0 ? 1 : 0 }, scores: scoring.scores), "scores.json")
        ]
        if request.keepsMaps, scoring.mapSide > 0, scoring.maps.count <= AnomalyMaps.pixelLimit {
            let file = place("maps.bin")
            let maps = AnomalyMaps(
                count: data.names.count, height: scoring.mapSide, width: scoring.mapSide, values: scoring.maps)
            try maps.write(to: file)
            files["maps.bin"] = file
        }
        guard request.examples > 0 else { return files }
        let examples = try Examples(
            model, data: data, scoring: scoring, countPerEnd: request.examples, seed: request.job.seed)
        let sheet = place("examples.png")
        try ImageCodec.writePNG(examples.sheet, to: sheet)
        files["examples.png"] = sheet
        files["examples.json"] = try writeJSON(examples.description, "examples.json")
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

/// The file `scores.json`: one entry a test image, in the data set's order.
struct ScoreFile: Codable {
    var names: [String]
    /// 0: normal, 1: abnormal.
    var labels: [Int]
    var scores: [Double]
}
