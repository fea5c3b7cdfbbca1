import Foundation
import Imaging
import Testing

@testable import Datasets

/// A folder of a test's own with a small data set in it.
private final class Place {
    let root = URL.temporaryDirectory.appending(path: "medsweep-datasets-\(UUID().uuidString)")
    var cache: URL { root.appending(path: "cache") }
    var set: URL { root.appending(path: "set") }

    init() throws {
        for folder in ["images", "masks"] {
            try FileManager.default.createDirectory(at: set.appending(path: folder), withIntermediateDirectories: true)
        }
        for (index, name) in ["b.png", "a.png", "n.png", "x.png", "y.png"].enumerated() {
            let pixels = (0..<12 * 10).map { UInt8(($0 * 2 + index * 37) % 256) }
            try ImageCodec.writePNG(Image(width: 12, height: 10, channels: 1, pixels: pixels), to: set.appending(path: "images/\(name)"))
        }
        let mask = Image(width: 12, height: 10, channels: 1, pixels: (0..<120).map { $0 % 12 < 6 ? 9 : 0 })
        try ImageCodec.writePNG(mask, to: set.appending(path: "masks/x.png"))
        try list(#"{"train": {"0": ["b.png", "a.png"], "unlabeled": {"0": []}}, "test": {"0": ["n.png"], "1": ["y.png", "x.png"]}}"#)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    func list(_ text: String) throws { try Data(text.utf8).write(to: set.appending(path: "data.json")) }
    func open() throws -> ImageFolder { try ImageFolder.open(set, name: "set") }
}

struct ImageFolderTests {
    @Test func listsAreSortedAndLabelled() throws {
        let place = try Place()
        let folder = try place.open()
        #expect(folder.train.map(\.name) == ["a.png", "b.png"])
        #expect(folder.test.map(\.name) == ["n.png", "x.png", "y.png"])
        #expect(folder.test.map(\.isAbnormal) == [false, true, true])
        #expect(folder.test.map { $0.mask != nil } == [false, true, false])
    }

    @Test(arguments: [
        (#"{"train": {"0": ["#, "data.json"), (#"{"test": {}}"#, "train"), (#"{"train": {"0": "a.png"}, "test": {}}"#, "list of names"),
        (#"{"train": {"0": []}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#, "no train"),
        (#"{"train": {"0": ["a.png"]}, "test": {"0": [], "1": ["x.png"]}}"#, "no normal test"),
        (#"{"train": {"0": ["a.png"]}, "test": {"0": ["n.png"]}}"#, "no abnormal test"),
        (#"{"train": {"0": ["../data.json"]}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#, "no name inside"),
        (#"{"train": {"0": ["/etc/passwd"]}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#, "no name inside"),
        (#"{"train": {"0": ["a.png", "a.png"]}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#, "twice"),
        (#"{"train": {"0": ["z.png"]}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#, "z.png"),
    ])
    func mistakesAreNamed(_ text: String, _ part: String) throws {
        let place = try Place()
        try place.list(text)
        let error = #expect(throws: DatasetError.self) { try place.open() }
        #expect(error?.description.contains(part) == true, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.description.contains(place.set.path) == true)
    }

    @Test func absentFoldersAndListsAreNamed() throws {
        let place = try Place()
        #expect(throws: DatasetError.self) { try ImageFolder.open(place.root.appending(path: "none"), name: "none") }
        try FileManager.default.removeItem(at: place.set.appending(path: "data.json"))
        let error = #expect(throws: DatasetError.self) { try place.open() }
        #expect(error?.description.contains("has no data.json") == true)
    }

    @Test func linksOutOfTheFolderAreRefused() throws {
        let place = try Place()
        let link = place.set.appending(path: "images/a.png")
        try FileManager.default.removeItem(at: link)
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: URL(filePath: "/etc/hostname"))
        #expect(throws: DatasetError.self) { try place.open() }
    }
}

struct FingerprintTests {
    @Test func followsContentOnly() throws {
        let place = try Place()
        let before = try place.open().fingerprint()
        #expect(before.count == 64)
        try place.list("{\"test\":{\"1\":[\"x.png\",\"y.png\"],\"0\":[\"n.png\"]},\n\"train\":{\"0\":[\"a.png\",\"b.png\"]}}")
        #expect(try place.open().fingerprint() == before)
        let elsewhere = try Place()
        #expect(try elsewhere.open().fingerprint() == before)
        try place.list(#"{"train": {"0": ["b.png", "a.png"]}, "test": {"0": ["y.png"], "1": ["n.png", "x.png"]}}"#)
        #expect(try place.open().fingerprint() != before)
        let other = try Place()
        let image = other.set.appending(path: "images/n.png")
        try ImageCodec.writePNG(ImageCodec.read(image).resized(width: 11, height: 10, filter: .nearest), to: image)
        #expect(try other.open().fingerprint() != before)
    }

    @Test func isKeptUntilAFileChanges() throws {
        let place = try Place()
        let first = try LocalDatasets.fingerprint(of: place.set, name: "set", cacheDirectory: place.cache)
        #expect(try LocalDatasets.fingerprint(of: place.set, name: "set", cacheDirectory: place.cache) == first)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.cache.appending(path: "fingerprints").path).count == 1)
        let image = place.set.appending(path: "images/n.png")
        try ImageCodec.writePNG(ImageCodec.read(image).resized(width: 11, height: 10, filter: .nearest), to: image)
        #expect(try LocalDatasets.fingerprint(of: place.set, name: "set", cacheDirectory: place.cache) != first)
    }

    @Test func setsAreFoundByTheirFolders() throws {
        let place = try Place()
        try FileManager.default.moveItem(at: place.set, to: place.root.appending(path: "BrainTumor"))
        let found = try LocalDatasets.find(in: [place.root])
        #expect(Array(found.keys) == ["brain"])
        #expect(throws: DatasetError.self) { try LocalDatasets.find(in: [place.root.appending(path: "none")]) }
    }
}

struct PixelCacheTests {
    private func load(_ place: Place, _ split: PixelSplit, channels: Int = 1) throws -> [UInt8] {
        try PixelCache.load(
            folder: place.open(), fingerprint: "f", split: split, channels: channels, size: 8, cacheDirectory: place.cache
        ).withUnsafeBytes { Array($0) }
    }

    @Test func holdsConvertedResizedImages() throws {
        let place = try Place()
        let expected = try place.open().train.flatMap { entry in
            try ImageCodec.read(entry.path).grey().resized(width: 8, height: 8, filter: .bilinear).pixels
        }
        #expect(try load(place, .train) == expected)
        // Three channels are planes.
        let first = Array(expected.prefix(64))
        #expect(try Array(load(place, .train, channels: 3).prefix(192)) == first + first + first)
        let masks = try load(place, .testMasks)
        #expect(masks.count == 3 * 64 && Set(masks) == [0, 1])
        #expect(masks.prefix(64).allSatisfy { $0 == 0 })
        #expect(Array(masks[64..<72]) == [1, 1, 1, 1, 0, 0, 0, 0])
    }

    @Test func isReadBackAndRebuiltWhenDamaged() throws {
        let place = try Place()
        let first = try load(place, .test)
        let file = try #require(FileManager.default.contentsOfDirectory(at: place.cache, includingPropertiesForKeys: nil).first)
        let whole = try Data(contentsOf: file)
        #expect(try load(place, .test) == first)
        for damage in [whole.prefix(10), whole.prefix(whole.count - 1), Data(whole.map { $0 ^ 1 })] {
            try damage.write(to: file)
            #expect(try load(place, .test) == first)
            #expect(try Data(contentsOf: file) == whole)
        }
    }

    @Test func unreadableImagesAreNamed() throws {
        let place = try Place()
        try Data("no image".utf8).write(to: place.set.appending(path: "images/b.png"))
        let error = #expect(throws: ImagingError.self) { try load(place, .train) }
        #expect(error?.description.contains("b.png") == true)
        #expect(!FileManager.default.fileExists(atPath: place.cache.path))
    }
}

/// The demo's sets from the real brain, where it is installed.
struct DemoDataTests {
    private static var hasBrain: Bool { FileManager.default.fileExists(atPath: DemoSources().volume.path) }

    @Test(.enabled(if: hasBrain)) func brainSetsAreTheSameEveryTime() throws {
        let volume = try NIfTIVolume(DemoSources().volume)
        let first = BrainSlices.images(of: volume, axis: .axial)
        let second = BrainSlices.images(of: volume, axis: .axial)
        #expect(first.train.count >= 150 && first.normal.count >= 30 && first.abnormal.count == first.normal.count)
        #expect(first.abnormal.map(\.image) == second.abnormal.map(\.image))
        for (normal, abnormal) in zip(first.normal, first.abnormal) {
            let mask = try #require(abnormal.mask)
            let marked = mask.pixels.count { $0 > 0 }
            // A lesion is there, and it is small.
            #expect(marked > 40 && marked < 128 * 128 / 10, "\(abnormal.name): \(marked)")
            // Outside of a margin around the mask nothing is changed.
            let changed = zip(normal.image.pixels, abnormal.image.pixels).count { $0 != $1 }
            #expect(changed < 6 * marked + 400, "\(abnormal.name): \(changed) for \(marked)")
        }
        // Slices of test lie at least four slices away from those of training.
        let trained = first.train.map { $0.making["slice"]! }
        for item in first.normal { #expect(trained.allSatisfy { abs($0 - item.making["slice"]!) > 4 }) }
    }

    @Test func absentSourcesNameTheirPackage() {
        var sources = DemoSources()
        sources.volume = URL(filePath: "/no/such.nii.gz")
        let target = URL.temporaryDirectory.appending(path: "medsweep-demo-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: target) }
        let error = #expect(throws: DatasetError.self) { try DemoData.prepare(into: target, sources: sources) }
        #expect(error?.description.contains("mricron-data") == true)
        #expect((try? FileManager.default.contentsOfDirectory(atPath: target.path)) == [])
    }

    /// Patches of a picture that is half stroma, half stain.
    @Test func patchesAreSortedByTheirStain() {
        let (width, height) = (512, 64)
        var pixels: [UInt8] = []
        for place in 0..<width * height {
            let column = place % width
            let isStained = column >= 420 && column < 424 || column >= 100 && column < 160
            pixels += isStained ? [120, 70, 30] : [205, 205, 225]
        }
        let set = TissuePatches.images(of: Image(width: width, height: height, channels: 3, pixels: pixels))
        #expect(!set.train.isEmpty && !set.normal.isEmpty && !set.abnormal.isEmpty)
        #expect(set.train.allSatisfy { $0.making["x"]! + 32 <= 352 && $0.making["brown"]! <= 0.06 })
        #expect(set.abnormal.allSatisfy { $0.making["x"]! >= 352 && (0.07...0.20).contains($0.making["brown"]!) })
    }
}
