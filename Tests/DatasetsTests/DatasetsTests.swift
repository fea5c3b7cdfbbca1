import Catalogue
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
        #expect(folder.test.map(\.hasMask) == [false, true, false])
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

    @Test func linkedFilesAreReadAndFoldersRefused() throws {
        let place = try Place()
        let before = try place.open().fingerprint()
        let linked = place.set.appending(path: "images/a.png")
        let elsewhere = place.root.appending(path: "elsewhere.png")
        try FileManager.default.moveItem(at: linked, to: elsewhere)
        try FileManager.default.createSymbolicLink(at: linked, withDestinationURL: elsewhere)
        #expect(try place.open().fingerprint() == before)

        let other = try Place()
        let image = other.set.appending(path: "images/a.png")
        try FileManager.default.removeItem(at: image)
        try FileManager.default.createDirectory(at: image, withIntermediateDirectories: false)
        let folder = #expect(throws: DatasetError.self) { try other.open() }
        #expect(folder?.description.contains("is a folder") == true)
    }

    /// A data set may itself lie behind a link.
    @Test func linkedDataSetsAreOpened() throws {
        let place = try Place()
        let link = place.root.appending(path: "link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: place.set)
        #expect(try ImageFolder.open(link, name: "set").fingerprint() == place.open().fingerprint())
    }

    @Test func brokenJSONIsLocated() throws {
        let place = try Place()
        try place.list("{\n \"train\": {\"0\": [\"a.png\"]},\n \"test\": {\"0\": [\"n.png\" \"x.png\"]}\n}\n")
        let error = #expect(throws: DatasetError.self) { try place.open() }
        #expect(error?.description.contains("line 3") == true)
    }

    /// A line break in a name would let two data sets share a fingerprint.
    @Test func namesWithControlCharactersAreRefused() throws {
        let place = try Place()
        try place.list(#"{"train": {"0": ["a.png\nb.png"]}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#)
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
        let first = try LocalDatasets.content(of: place.set, name: "set", cacheDirectory: place.cache)
        #expect(try first == DatasetContent(fingerprint: place.open().fingerprint(), color: .grey))
        #expect(try LocalDatasets.content(of: place.set, name: "set", cacheDirectory: place.cache) == first)
        #expect(try LocalDatasets.knownContent(of: place.open(), cacheDirectory: place.cache) == first)
        let kept = try FileManager.default.contentsOfDirectory(at: place.cache.appending(path: "contents"), includingPropertiesForKeys: nil)
        #expect(kept.count == 1)
        // What is no record is found out again.
        try Data(first.fingerprint.utf8).write(to: kept[0])
        #expect(try LocalDatasets.knownContent(of: place.open(), cacheDirectory: place.cache) == nil)
        #expect(try LocalDatasets.content(of: place.set, name: "set", cacheDirectory: place.cache) == first)
        let image = place.set.appending(path: "images/n.png")
        try ImageCodec.writePNG(ImageCodec.read(image).resized(width: 11, height: 10, filter: .nearest), to: image)
        #expect(try LocalDatasets.content(of: place.set, name: "set", cacheDirectory: place.cache) != first)
    }

    /// One training image in colour makes a set one of colour; three equal channels are grey, and test images are not asked.
    @Test func colorIsThatOfTheTrainingImages() throws {
        let place = try Place()
        func color() throws -> ImageColor { try LocalDatasets.content(of: place.set, name: "set", cacheDirectory: place.cache).color }
        let pixels = [UInt8](repeating: 7, count: 3 * 120)
        for name in ["a.png", "b.png", "n.png"] {
            try ImageCodec.writePNG(Image(width: 12, height: 10, channels: 3, pixels: pixels), to: place.set.appending(path: "images/\(name)"))
        }
        #expect(try color() == .grey)
        var tinted = pixels
        tinted[359] = 8
        try ImageCodec.writePNG(Image(width: 12, height: 10, channels: 3, pixels: tinted), to: place.set.appending(path: "images/n.png"))
        #expect(try color() == .grey)
        try ImageCodec.writePNG(Image(width: 12, height: 10, channels: 3, pixels: tinted), to: place.set.appending(path: "images/b.png"))
        #expect(try color() == .rgb)
        // One that cannot be read is for those who train on it.
        try Data("no image".utf8).write(to: place.set.appending(path: "images/a.png"))
        #expect(try color() == .rgb)
    }

    @Test func samplesAreSpreadOverAllImages() throws {
        let place = try Place()
        #expect(try place.open().colorPlaces == [0, 1])
        let names = (0..<200).map { "\($0).png" }
        for name in names { try Data().write(to: place.set.appending(path: "images/\(name)")) }
        try place.list(#"{"train": {"0": \#(names)}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#)
        let places = try place.open().colorPlaces
        #expect(places.count == 64 && places.first == 0 && places.last == 196 && Set(places).count == 64)
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

    /// A file of another shape but the same length is not taken for the right one.
    @Test func aFileOfAnotherShapeIsRebuilt() throws {
        let place = try Place()
        let train = try load(place, .train, channels: 3)
        let file = place.cache.appending(path: "f-train-3x8.u8")
        let whole = try Data(contentsOf: file)
        var other = whole
        other.replaceSubrange(8..<16, with: whole[16..<24])
        other.replaceSubrange(16..<24, with: whole[8..<16])
        try other.write(to: file)
        #expect(try load(place, .train, channels: 3) == train)
        #expect(try Data(contentsOf: file) == whole)
    }

    @Test func buildingAtTheSameTimeIsHarmless() async throws {
        let place = try Place()
        let (folder, cache) = (try place.open(), place.cache)
        let results = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try PixelCache.load(
                        folder: folder, fingerprint: "f", split: .test, channels: 1, size: 8, cacheDirectory: cache
                    ).withUnsafeBytes { Array($0) }
                }
            }
            return try await group.reduce(into: [[UInt8]]()) { $0.append($1) }
        }
        #expect(Set(results).count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.path) == ["f-test-1x8.u8"])
        withExtendedLifetime(place) {}
    }

    @Test func unreadableImagesAreNamed() throws {
        let place = try Place()
        try Data("no image".utf8).write(to: place.set.appending(path: "images/b.png"))
        let error = #expect(throws: ImagingError.self) { try load(place, .train) }
        #expect(error?.description.contains("b.png") == true)
        // Neither a part of a file nor a lock is left.
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.cache.path) == [])
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

    /// A folder of a demo set's name that holds something else stays as it is.
    @Test func foreignFoldersAreNeverTouched() throws {
        let place = try Place()
        let foreign = place.root.appending(path: "colin27-axial")
        try FileManager.default.moveItem(at: place.set, to: foreign)
        let before = try ImageFolder.open(foreign, name: "f").fingerprint()
        let error = #expect(throws: DatasetError.self) { try DemoData.prepare(into: place.root) }
        #expect(error?.description.contains("move it away") == true)
        #expect(try ImageFolder.open(foreign, name: "f").fingerprint() == before)
    }

    /// What is written opens as a data set, says how it was made, and is the same each time.
    @Test func writtenSetsAreWhole() throws {
        let place = try Place()
        let image = Image(width: 4, height: 4, channels: 1, pixels: Array(repeating: 9, count: 16))
        var set = DemoSet(about: "About it.")
        set.train = [.init(name: "t.png", image: image, making: ["slice": 1])]
        set.normal = [.init(name: "n.png", image: image, making: ["slice": 2])]
        set.abnormal = [.init(name: "a.png", image: image, mask: image, making: ["slice": 2, "radius": 7])]
        let prints = try (0..<2).map { index in
            let root = place.root.appending(path: "\(index)")
            try set.write(to: root) { _, _ in }
            #expect(try String(contentsOf: root.appending(path: "README.txt"), encoding: .utf8).hasPrefix("About it."))
            let record = try JSONDecoder().decode(DemoSet.Record.self, from: Data(contentsOf: root.appending(path: "synthesis.json")))
            #expect(record.version == DemoData.version && record.images["a.png"] == ["slice": 2, "radius": 7])
            let folder = try ImageFolder.open(root, name: "d")
            #expect(folder.test.map(\.hasMask) == [false, true])
            return try folder.fingerprint()
        }
        #expect(prints[0] == prints[1])
    }

    /// Patches of a picture that is half stroma, half stain.
    @Test func patchesAreSortedByTheirStain() {
        let (width, height) = (512, 64)
        var pixels: [UInt8] = []
        for place in 0..<width * height {
            let column = place % width
            let isStained = column >= 20 && column < 24 || column >= 400 && column < 440
            // Bare glass, which is neither.
            let isEmpty = column >= 200 && column < 260
            pixels += isStained ? [120, 70, 30] : isEmpty ? [250, 250, 250] : [205, 205, 225]
        }
        let set = TissuePatches.images(of: Image(width: width, height: height, channels: 3, pixels: pixels))
        #expect(!set.train.isEmpty && !set.normal.isEmpty && !set.abnormal.isEmpty)
        #expect(set.train.allSatisfy { $0.making["x"]! >= 352 && $0.making["brown"]! <= 0.06 })
        #expect(set.normal.allSatisfy { $0.making["x"]! + 32 <= 352 && $0.making["brown"]! <= 0.06 })
        #expect(set.abnormal.allSatisfy { $0.making["x"]! + 32 <= 352 && (0.07...0.20).contains($0.making["brown"]!) })
        #expect(set.normal.allSatisfy { !(188...240).contains($0.making["x"]!) })
    }
}
