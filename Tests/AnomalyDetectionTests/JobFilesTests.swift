import Catalogue
import Foundation
import Imaging
import TestSupport
import Testing

@testable import AnomalyDetection

/// What a finished job leaves behind.
@Suite struct JobFilesTests {
    /// A data set of 6 training and 2 + 3 test images with masks, in a folder of its own.
    private final class Place {
        let folder = URL.temporaryDirectory.appending(path: "job-files-\(UUID().uuidString)")

        /// - Parameter mark: what the mask of image 8, 9 or 10 marks at a row and column.
        init(side: Int = 16, mark: (_ image: Int, _ row: Int, _ column: Int) -> Bool = { _, row, _ in row < 4 }) throws {
            for name in ["data/images", "data/masks", "work", "cache"] {
                try FileManager.default.createDirectory(at: folder.appending(path: name), withIntermediateDirectories: true)
            }
            func image(_ seed: Int, isMask: Bool = false) -> Image {
                let pixels = (0..<side * side).map { place in
                    isMask ? mark(seed, place / side, place % side) ? 255 : 0 : UInt8((place * (seed + 3) + seed * 40) % 256)
                }
                return Image(width: side, height: side, channels: 1, pixels: pixels)
            }
            for index in 0..<11 {
                try ImageCodec.writePNG(image(index), to: folder.appending(path: "data/images/\(index).png"))
            }
            for index in 8..<11 {
                try ImageCodec.writePNG(image(index, isMask: true), to: folder.appending(path: "data/masks/\(index).png"))
            }
            let list = #"{"train":{"0":["0.png","1.png","2.png","3.png","4.png","5.png"]},"test":{"0":["6.png","7.png"],"1":["8.png","9.png","10.png"]}}"#
            try Data(list.utf8).write(to: folder.appending(path: "data/data.json"))
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func run(
            _ method: String, epochs: Int = 1, keepsMaps: Bool = true, examples: Int = 8, evaluating: Int? = nil,
            report: (TrainingEvent) -> Void = { _ in }
        ) throws -> TrainingResult {
            let small: Settings = [
                "input_size": 16, "hidden_size": 8, "latent_size": 2, "batch_size": 4, "epochs": .integer(epochs),
            ]
            let job = JobDescription(
                method: method, configuration: Catalogue.method(method)!.resolve(small, for: .custom("discs")), dataset: "discs",
                fingerprint: String(repeating: "0", count: 64), seed: 1)
            var request = TrainingRequest(
                job: job, dataFolder: folder.appending(path: "data"), cacheDirectory: folder.appending(path: "cache"),
                workDirectory: folder.appending(path: "work"))
            (request.keepsMaps, request.examples, request.evaluationEpochs) = (keepsMaps, examples, evaluating)
            guard case .finished(let result) = try JobRunner.run(request, report: report, shouldStop: { false }) else {
                throw TrainingError("the job stopped")
            }
            return result
        }
    }

    @Test(arguments: ["ae", "vae"]) func filesHoldWhatTheMetricsCameFrom(_ method: String) throws {
        let place = try Place()
        // Without a later use its folder could be gone already.
        defer { withExtendedLifetime(place) {} }
        let result = try place.run(method)
        #expect(Set(result.artefacts.keys) == ["scores.json", "weights.safetensors", "maps.bin", "examples.png", "examples.json"])
        #expect(Set(result.metrics.keys) == Set(Catalogue.metrics.map(\.name)))
        #expect(!result.metrics.values.contains { !$0.isFinite })

        let scores = try JSONDecoder().decode(ImageScores.self, from: Data(contentsOf: #require(result.artefacts["scores.json"])))
        let maps = try AnomalyMaps(try #require(result.artefacts["maps.bin"]))
        #expect(maps.count == 5 && maps.height == 16 && maps.width == 16)
        for (index, score) in scores.scores.enumerated() {
            let values = maps.values[index * 256..<(index + 1) * 256].map(Double.init)
            #expect(abs(values.reduce(0, +) / 256 - score) < 1e-4 * (maps.values.max().map(Double.init) ?? 0))
        }
        let masks = scores.labels.flatMap { label in (0..<256).map { UInt8(label == 1 && $0 / 16 < 4 ? 1 : 0) } }
        let again = try PixelMetrics(scores: maps.values, labels: masks, width: 16, height: 16)
        #expect(abs(again.averagePrecision - (result.metrics["pixel_ap"] ?? 0)) < 0.01)

        let about = try JSONDecoder().decode(
            ExampleRows.self, from: Data(contentsOf: #require(result.artefacts["examples.json"])))
        #expect(about.columns == ["input", "reconstruction", "map", "mask"])
        #expect(about.rows.map(\.label) == [1, 1, 1, 0, 0])
        #expect(Set(about.rows.map(\.name)) == ["6.png", "7.png", "8.png", "9.png", "10.png"])
        let sheet = try ImageCodec.read(try #require(result.artefacts["examples.png"]))
        #expect(sheet.width == 4 * 68 + 4 && sheet.height == 5 * 68 + 4)
    }

    /// What is kept is a matter of disk space and never changes a number; a method without maps leaves none.
    @Test func onlyWhatIsAskedForIsKept() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let (whole, bare) = (try place.run("ae"), try place.run("ae", keepsMaps: false, examples: 0))
        #expect(Set(bare.artefacts.keys) == ["scores.json", "weights.safetensors"] && bare.metrics == whole.metrics)
        let few = try place.run("ae", keepsMaps: false, examples: 1)
        let about = try JSONDecoder().decode(
            ExampleRows.self, from: Data(contentsOf: #require(few.artefacts["examples.json"])))
        #expect(about.rows.map(\.label) == [1, 1, 0, 0] && about.columns.count == 4 && few.artefacts["maps.bin"] == nil)
    }

    /// Masks that mark nothing, or nothing at the job's size, cost the pixel metrics and say so before training; the image's stay.
    @Test func masksThatMarkNothingCostPixelMetricsOnly() throws {
        func run(side: Int = 16, mark: @escaping (Int, Int, Int) -> Bool) throws -> (result: TrainingResult, remarks: [String], isEarly: Bool) {
            let place = try Place(side: side, mark: mark)
            defer { withExtendedLifetime(place) {} }
            var (remarks, isEarly, hasBegun): ([String], Bool, Bool) = ([], false, false)
            let result = try place.run("ae") { event in
                if case .remark(let sentence) = event {
                    remarks.append(sentence)
                    isEarly = !hasBegun
                }
                if case .progress = event { hasBegun = true }
            }
            return (result, remarks, isEarly)
        }
        let whole = try run { _, row, _ in row < 4 }
        #expect(whole.remarks.isEmpty)
        let bare = try run { _, _, _ in false }
        let image: Set = ["auc", "ap", "normal_score", "abnormal_score"]
        #expect(bare.result.metrics == whole.result.metrics.filter { image.contains($0.key) })
        #expect(bare.isEarly && bare.remarks.count == 1)
        #expect(bare.remarks.first?.hasPrefix("pixel metrics are left out, since none of the 3 masks marks a pixel at 16 × 16") == true)
        // A single pixel in a corner is gone at half the size.
        let small = try run(side: 32) { _, row, column in row == 0 && column == 0 }
        #expect(Set(small.result.metrics.keys) == image && small.remarks.count == 1)
        let some = try run { image, row, _ in image == 9 && row < 4 }
        #expect(some.result.metrics["pixel_ap"] != nil && some.isEarly)
        #expect(some.remarks.first?.hasPrefix("2 of 3 masks mark no pixel at 16 × 16, such as that of '10.png'") == true, "\(some.remarks)")
    }

    /// A job that is watched tells the AUC of its test images as it goes, and ends with the same numbers and bytes.
    @Test func evaluationsAreToldAndChangeNothing() throws {
        let (first, second) = (try Place(), try Place())
        defer { withExtendedLifetime((first, second)) {} }
        let alone = try first.run("vae", epochs: 5)
        var told: [Int: Double] = [:]
        var notes: [String] = []
        let watched = try second.run("vae", epochs: 5, evaluating: 2) { event in
            if case .evaluation(let work, let auc) = event { told[work / 6] = auc }
            if case .note(let text) = event { notes.append(text) }
        }
        #expect(watched.metrics == alone.metrics && watched.losses == alone.losses)
        #expect(told.keys.sorted() == [2, 4] && told.values.allSatisfy { (0...1).contains($0) })
        for (name, file) in alone.artefacts {
            #expect(try Data(contentsOf: file) == Data(contentsOf: #require(watched.artefacts[name])), "\(name)")
        }
        // After two epochs it is what a job of two epochs ends with.
        let short = try Place()
        defer { withExtendedLifetime(short) {} }
        #expect(try short.run("vae", epochs: 2).metrics["auc"] == told[2])
        #expect(notes.count == 3 && notes[0].hasPrefix("vae on discs, seed 1: training 5 epochs, 6 training and 5 test images, cpu"))
        #expect(notes[1] == "scoring 5 test images" && notes[2].hasPrefix("finished after ") && notes[2].contains("AUC 0."))
    }

    /// The same job leaves the same bytes, reconstructions drawn from noise included.
    @Test func filesAreTheSameEachTime() throws {
        let (first, second) = (try Place(), try Place())
        defer { withExtendedLifetime((first, second)) {} }
        let (one, other) = (try first.run("vae"), try second.run("vae"))
        for (name, file) in one.artefacts {
            let (data, again) = (try Data(contentsOf: file), try Data(contentsOf: #require(other.artefacts[name])))
            #expect(data == again, "\(name)")
        }
    }

    /// What worked on a job before is told by every attempt after it, not by the next one only.
    @Test func earlierEngineClassesAreTold() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let folder = place.folder
        func run(_ threads: Int, from checkpoint: URL?, stopping: Bool) throws -> (remarks: [String], checkpoint: URL?) {
            let job = JobDescription(
                method: "ae",
                configuration: Catalogue.method("ae")!.resolve(
                    ["input_size": 16, "hidden_size": 8, "latent_size": 2, "batch_size": 4, "epochs": 3], for: .custom("discs")),
                dataset: "discs", fingerprint: String(repeating: "0", count: 64), seed: 1)
            let request = TrainingRequest(
                job: job, dataFolder: folder.appending(path: "data"), cacheDirectory: folder.appending(path: "cache/pixels"),
                workDirectory: folder.appending(path: "work"), checkpoint: checkpoint, threads: threads)
            var (remarks, left, asked): ([String], URL?, Int) = ([], nil, 0)
            _ = try JobRunner.run(request) { event in
                if case .remark(let sentence) = event { remarks.append(sentence) }
                if case .checkpoint(let file, _) = event { left = file }
            } shouldStop: {
                asked += 1
                return stopping && asked > 2
            }
            return (remarks, left)
        }
        let first = try run(1, from: nil, stopping: true)
        let second = try run(2, from: first.checkpoint, stopping: true)
        let third = try run(2, from: second.checkpoint, stopping: false)
        #expect(first.remarks.isEmpty && second.remarks.count == 1 && third.remarks == second.remarks)
        #expect(second.remarks[0].contains("1 thread;"))
    }

    @Test func examplesAreTheEndsOfEachClass() {
        let scores = (0..<60).map { Double($0 * 7 % 60) }
        let labels = (0..<60).map { $0 < 40 }
        let chosen = Examples.choose(8, scores: scores, labels: labels)
        #expect(chosen.count == 32 && Set(chosen.map(\.index)).count == 32)
        #expect(chosen.map { labels[$0.index] } == Array(repeating: true, count: 16) + Array(repeating: false, count: 16))
        let abnormal = scores[..<40].sorted(by: >)
        #expect(chosen.prefix(16).map { scores[$0.index] } == Array(abnormal.prefix(8) + abnormal.suffix(8)))
        #expect(chosen.prefix(16).map(\.isHighest) == Array(repeating: true, count: 8) + Array(repeating: false, count: 8))
        #expect(Examples.choose(8, scores: [1, 1, 2], labels: [false, false, true]).map(\.index) == [2, 0, 1])
    }
}
