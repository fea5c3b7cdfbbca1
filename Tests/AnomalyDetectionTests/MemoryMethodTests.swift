import Catalogue
import Foundation
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Torch

/// What methods fit instead of training, against scikit-learn, SciPy and restatements in NumPy (`make_memory_methods.py`).
@Suite struct MemoryMethodTests {
    private static func given(_ name: String) throws -> Tensor { try #require(Fixture.safetensors("memory")[name]) }

    @Test func densityIsScikitLearns() throws {
        let features = try Self.given("density/features")
        let centred = try features.to(.double) - features.to(.double).mean(axes: [0])
        expectClose(
            try GaussianDensity.shrunkCovariance(centred).elements(Double.self), try Self.given("density/covariance").elements(),
            within: 1e-6, "covariance")
        let density = try GaussianDensity(width: 12)
        try density.fit(features)
        expectClose(
            try density.distances(Self.given("density/tests")).elements(Double.self),
            try Self.given("density/distances").elements(), within: 1e-5, "distances")
    }

    /// Two levels as a network would give them.
    private final class TwoLevels: Module, FeatureNetwork {
        let channels = [5, 7]
        func features(_ images: Tensor) throws(TorchError) -> [Tensor] {
            do { return [try MemoryMethodTests.given("embedding/fine"), try MemoryMethodTests.given("embedding/coarse")] } catch {
                throw TorchError("\(error)")
            }
        }
    }

    @Test func patchesAreTheReferences() throws {
        let concat = PatchEmbedding(backbone: TwoLevels(), kind: .concat)
        #expect(concat.width == 12)
        let nothing = try Tensor.zeros([1])
        expectClose(
            try concat(nothing).elements(Double.self), try Self.given("embedding/concat").elements(), within: 1e-5, "concat")
        let original = try PatchEmbedding(backbone: TwoLevels(), kind: .original)(nothing)
        #expect(original.shape == [128, 1024])
        let values = try original.elements(Double.self)
        expectClose(
            stride(from: 0, to: values.count, by: 97).map { values[$0] }, try Self.given("embedding/original").elements(),
            within: 1e-5, "original")
    }

    /// A bank of the fixture's picks.
    private static func bank() throws -> PatchMemory {
        let memory = try PatchMemory(width: 16)
        let points = try given("coreset/points")
        try memory.begin(candidates: 300, of: 300, generator: Generator(seed: 0))
        for start in stride(from: 0, to: 300, by: 70) {
            try memory.gather(points.narrowed(axis: 0, start: start, length: min(70, 300 - start)).to(.half), first: start)
        }
        // The projection is the points themselves.
        try memory.beginPicking(40, projections: points, starts: given("coreset/starts"))
        for start in stride(from: 0, to: 40, by: 7) { try memory.pick(start..<min(start + 7, 40)) }
        return memory
    }

    @Test func picksAreGreedy() throws {
        let memory = try Self.bank()
        #expect(try memory.picks.tensor.elements(Int64.self) == Self.given("coreset/picks").elements(Int64.self))
        try memory.finish()
        #expect(memory.bank.tensor.shape == [40, 16] && memory.state.filter { $0.tensor.count > 0 }.map(\.name) == ["bank"])
    }

    @Test func nearestAreFoundExactly() throws {
        let memory = try Self.bank()
        try memory.finish()
        let patches = try Self.given("nearest/patches")
        let nearest = try memory.nearest(patches)
        #expect(try nearest.indices.elements(Int64.self) == Self.given("nearest/indices").elements(Int64.self))
        // The bank is in half precision.
        expectClose(
            try nearest.distances.elements(Double.self), try Self.given("nearest/distances").elements(), within: 1e-3, "distances")
        let scores = try NearestPatchScorer.reweighted(nearest, patches: patches, bank: memory.bank.tensor, count: 2, neighbours: 5)
        expectClose(try scores.elements(Double.self), try Self.given("nearest/scores").elements(), within: 1e-3, "scores")
    }

    /// Candidates are an even choice among all patches, each at its place.
    @Test func candidatesAreChosenEvenly() throws {
        let memory = try PatchMemory(width: 1)
        let all = try Tensor((0..<600).map { Float($0) }, shape: [600, 1]).to(.half)
        try memory.begin(candidates: 50, of: 600, generator: Generator(seed: 1))
        for start in stride(from: 0, to: 600, by: 100) { try memory.gather(all.narrowed(axis: 0, start: start, length: 100), first: start) }
        try memory.beginPicking(50, generator: Generator(seed: 2))
        try memory.pick(0..<50)
        try memory.finish()
        let values = try memory.bank.tensor.to(.float).elements(Double.self).sorted()
        #expect(Set(values).count == 50 && values.first! < 100 && values.last! >= 500)
        #expect(zip(values, values.dropFirst()).allSatisfy { $1 - $0 < 100 })
    }

    @Test func mapsAreSmoothedAsSciPyDoes() throws {
        let map = try Self.given("smoothing/map").reshaped([1, 1, 20, 20])
        for (name, deviation) in [("1.5", 1.5), ("4", 4)] {
            expectClose(
                try GaussianSmoothing(deviation: deviation)(map).elements(Double.self), try Self.given("smoothing/\(name)").elements(),
                within: 1e-5, name)
        }
    }

    // MARK: Shared features

    private static func folder() -> URL { URL.temporaryDirectory.appending(path: "features-\(UUID().uuidString)") }

    /// The features that one job leaves are read by the next one, with other settings behind them, and none of it changes a bit. A
    /// network of drawn weights is another one in each job: its features are not kept.
    @Test(arguments: [("patchcore", ["coreset_fraction": 0.2] as Settings), ("resnet18-imagenet", [:])])
    func featuresAreShared(_ name: String, _ other: Settings) async throws {
        try await offPool {
            let folder = Self.folder()
            defer { try? FileManager.default.removeItem(at: folder) }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let network = try EfficientNetLite0(generator: Generator(seed: 9))
            let file = folder.appending(path: "lite0.safetensors")
            try Safetensors(network.state.map { (network.publishedName(of: $0.name), $0.tensor) }).encoded().write(to: file)
            let weights = PretrainedWeights(["efficientnet-lite0": file])
            let cache = FeatureCache(directory: folder, fingerprint: String(repeating: "0", count: 64), limit: 1 << 30)
            func files() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".f16") }
            }
            func scores(_ settings: Settings, _ cache: FeatureCache?) throws -> [Double] {
                let job = try SmallJobs.job(name, settings)
                let state = try TrainingState(job, data: SmallJobs.shape(job), weights: weights, features: cache)
                let trainer = try SmallJobs.trainer(state)
                while !state.isTrained { _ = try trainer.advance() }
                return try SmallJobs.scoring(state).all().scores
            }
            _ = try scores(["weights": "random"], cache)
            #expect(try files().isEmpty)
            let published: Settings = ["weights": "imagenet"]
            let alone = try scores(published, nil)
            #expect(try scores(published, cache) == alone)
            let kept = try #require(try files().first)
            #expect(try files().count == 1)
            // A day is too long ago to be of now: the file was read, and not written.
            let path = folder.appending(path: kept).path
            let written = try Data(contentsOf: URL(filePath: path))
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -86_400)], ofItemAtPath: path)
            let settings = published.merging(other) { $1 }
            #expect(try scores(settings, cache) == scores(settings, nil))
            let used = try #require(FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date)
            #expect(Date.now.timeIntervalSince(used) < 3600)
            #expect(try files() == [kept])
            #expect(try Data(contentsOf: URL(filePath: path)) == written)
        }
    }

    @Test func entriesAreWholeOrNotThere() throws {
        let folder = Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let features = try Tensor((0..<60).map { Float($0) * 0.5 }, shape: [10, 6]).to(.half)
        func rows(_ range: Range<Int>) throws -> Tensor { try features.narrowed(axis: 0, start: range.lowerBound, length: range.count) }
        let cache = FeatureCache(directory: folder, fingerprint: "abc", limit: 400)
        func entry(_ name: String) throws -> FeatureCacheEntry { try #require(cache.entry([name], count: 10, width: 6)) }
        // Not from the beginning, and with a gap: nothing is kept.
        let late = try entry("a")
        late.keep(try rows(3..<10), of: 3..<10)
        let gap = try entry("a")
        gap.keep(try rows(0..<4), of: 0..<4)
        gap.keep(try rows(5..<10), of: 5..<10)
        #expect(try entry("a").features(0..<1) == nil)
        let whole = try entry("a")
        whole.keep(try rows(0..<4), of: 0..<4)
        #expect(try entry("a").features(0..<1) == nil)
        whole.keep(try rows(4..<10), of: 4..<10)
        let read = try #require(try entry("a").features(2..<9))
        #expect(try read.to(.float).elements(Float.self) == rows(2..<9).to(.float).elements(Float.self))
        // A flipped byte is found.
        let file = folder.appending(path: "abc-a.f16")
        var bytes = try Data(contentsOf: file)
        bytes[60] ^= 1
        try bytes.write(to: file)
        #expect(try entry("a").features(0..<1) == nil)
        // 152 bytes each: the third does not fit beside the first two, of which the one used longest ago goes.
        for name in ["b", "c", "d"] {
            try entry(name).keep(features, of: 0..<10)
            let old = folder.appending(path: "abc-b.f16")
            try? FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: old.path)
        }
        #expect(try entry("b").features(0..<1) == nil && entry("d").features(0..<1) != nil)
        #expect(cache.entry(["e"], count: 1000, width: 6) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.hasSuffix(".partial") })
    }
}
