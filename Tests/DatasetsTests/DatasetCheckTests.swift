import Catalogue
import Foundation
import Imaging
import Testing

@testable import Datasets

/// `medsweep data check`'s findings.
@Suite struct DatasetCheckTests {
    private func kinds(_ problems: [DatasetProblem]) -> [DatasetProblem.Kind] { problems.map(\.kind) }

    @Test func wholeSetsHaveNoProblems() throws {
        let sample = try SampleFolder.mvtec()
        let check = try sample.check()
        #expect(check.problems.isEmpty && check.warnings.isEmpty, "\(check.problems) \(check.warnings)")
        #expect(check.counts.train == 2 && check.counts.testNormal == 1 && check.counts.testAbnormal == 3 && check.counts.masks == 3)
        #expect(check.study == nil && check.isReadable && check.colorImages == 0)
        #expect(check.sizes.map(\.width) == [12] && check.sizes.map(\.count) == [6])
        #expect(try check.fingerprint == sample.open().fingerprint())
        // Workers find it without reading the files again.
        let known = try LocalDatasets.knownContent(of: sample.open(), cacheDirectory: sample.cache)
        #expect(known?.fingerprint == check.fingerprint && known?.color == .grey && check.color == .grey)
    }

    /// A check and whoever does without one say the same.
    @Test func colorIsFoundByChecksToo() throws {
        let sample = try SampleFolder.mvtec()
        let pixels = (0..<3 * 120).map { UInt8($0 % 251) }
        try ImageCodec.writePNG(Image(width: 12, height: 10, channels: 3, pixels: pixels), to: sample.url("train/good/001.png"))
        let check = try sample.check()
        #expect(check.color == .rgb && check.colorImages == 1)
        #expect(try LocalDatasets.knownContent(of: sample.open(), cacheDirectory: sample.cache)?.color == .rgb)
        #expect(try LocalDatasets.content(of: sample.root, name: "carpet", cacheDirectory: sample.base.appending(path: "other")).color == .rgb)
    }

    @Test func progressReachesTheEnd() throws {
        let sample = try SampleFolder.brats()
        let steps = Steps()
        _ = try DatasetCheck.run(sample.root, name: sample.name, cacheDirectory: sample.cache) { done, total in steps.add(done, total) }
        #expect(steps.all == Array(1...5) && steps.total == 5)
    }

    @Test func countsAreComparedWithTheStudys() throws {
        let check = try SampleFolder.brats().check()
        #expect(check.name == "brats" && check.study?.train == 4211)
        #expect(kinds(check.problems) == [.counts])
        let message = try #require(check.problems.first?.message)
        #expect(message.contains("2 training images where the study has 4211") && message.contains("2 masks where the study has 1948"))
        #expect(check.isReadable && check.fingerprint != nil)
    }

    @Test func unreadableFilesAreAllNamed() throws {
        let sample = try SampleFolder.mvtec()
        let image = try Data(contentsOf: sample.url("train/good/001.png"))
        try image.prefix(image.count / 2).write(to: sample.url("train/good/001.png"))
        try sample.text("no image", "test/cut/000.png")
        try sample.text("", "ground_truth/hole/001.png")
        let check = try sample.check()
        #expect(kinds(check.problems) == [.unreadable, .unreadable, .unreadable] && !check.isReadable)
        #expect(check.problems.map(\.files) == [["train/good/001.png"], ["test/cut/000.png"], ["test/hole/001.png"]])
        #expect(check.problems[0].message.contains("001.png' is damaged") && check.problems[1].message.contains("neither a PNG nor a JPEG"))
        #expect(check.problems[2].message.contains("ground_truth/hole/001.png' is empty"))
        // The content is what it is all the same.
        #expect(check.fingerprint != nil)
    }

    @Test func missingFilesAreAllNamed() throws {
        let sample = try SampleFolder.lists()
        try sample.remove("images/a.png")
        try sample.remove("images/x.png")
        let check = try sample.check()
        #expect(kinds(check.problems) == [.missingImage, .missingImage] && check.fingerprint == nil)
        #expect(check.problems.flatMap(\.files) == ["images/a.png", "images/x.png"])
        let brats = try SampleFolder.brats()
        try brats.remove("test/annotation")
        #expect(kinds(try brats.check().problems) == [.missingMask, .missingMask, .counts])
    }

    /// The same picture in another format, between training and test, and between the classes.
    @Test func leaksAndDuplicatesAreFoundByContent() throws {
        let sample = try SampleFolder.mvtec()
        let bytes = try ImageCodec.read(sample.url("train/good/001.png"))
        // Other bytes of the file, the same picture.
        try ImageCodec.writePNG(bytes.rgb(), to: sample.url("test/good/007.png"))
        try FileManager.default.copyItem(at: sample.url("test/good/000.png"), to: sample.url("test/cut/001.png"))
        try sample.mask("ground_truth/cut/001_mask.png", marked: 2)
        try FileManager.default.copyItem(at: sample.url("train/good/000.png"), to: sample.url("train/good/008.png"))
        let check = try sample.check()
        #expect(kinds(check.problems) == [.leak, .leak] && check.isReadable)
        #expect(check.problems.map(\.files) == [["train/good/001.png", "test/good/007.png"], ["test/good/000.png", "test/cut/001.png"]])
        #expect(check.problems[0].message.contains("training ('train/good/001.png') and test ('test/good/007.png')"))
        #expect(check.problems[1].message.contains("normal ('test/good/000.png') and abnormal ('test/cut/001.png')"))
        #expect(kinds(check.warnings) == [.duplicate] && check.warnings[0].files == ["train/good/000.png", "train/good/008.png"])
    }

    @Test func masksAreHeldAgainstTheirImages() throws {
        let sample = try SampleFolder.mvtec()
        try sample.mask("ground_truth/hole/001.png", marked: 4, width: 10, height: 12)
        try sample.mask("ground_truth/cut/000_mask.png", marked: 0)
        let check = try sample.check()
        #expect(kinds(check.problems) == [.maskSize] && check.problems[0].message.contains("is 10 × 12 pixels and its image 12 × 10"))
        #expect(kinds(check.warnings) == [.emptyMask] && check.warnings[0].files == ["test/cut/000.png"])
    }

    @Test func oddThingsAreSaid() throws {
        let sample = try SampleFolder.lists()
        let names = (0..<20).map { "t\($0).png" }
        for (index, name) in names.enumerated() { try sample.image("images/\(name)", shade: index + 50) }
        try sample.text(
            String(decoding: JSONEncoder().encode(["train": ["0": names], "test": ["0": ["n.png"], "1": ["x.png", "y.png"]]]), as: UTF8.self),
            "data.json")
        try sample.image("images/n.png", shade: 3, width: 7, height: 40)
        try sample.mask("masks/x.png", marked: 2)
        // An image that a list leaves out, and one that lies elsewhere.
        let elsewhere = sample.base.appending(path: "y.png")
        try ImageCodec.writePNG(Image(width: 12, height: 10, channels: 1, pixels: Array(repeating: 7, count: 120)), to: elsewhere)
        try FileManager.default.createSymbolicLink(at: sample.url("images/y.png"), withDestinationURL: elsewhere)
        let check = try sample.check()
        #expect(check.problems.isEmpty, "\(check.problems)")
        #expect(kinds(check.warnings) == [.size, .size, .link, .missingMask, .unlisted], "\(check.warnings)")
        #expect(check.warnings.map(\.files) == [["images/n.png"], ["images/n.png"], ["images/y.png"], ["images/y.png"], ["images/a.png", "images/b.png"]])
    }

    @Test func turnedPhotosAreSaidWhereTheyAreNotTurned() throws {
        let sample = try SampleFolder.lists()
        // A JPEG of 1 × 1 pixel with an EXIF block that says: turned by 90 degrees.
        let exif: [UInt8] = [0xFF, 0xE1, 0, 34] + Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
        try sample.photo("images/a.png")
        var photo = try Data(contentsOf: sample.url("images/a.png"))
        photo.insert(contentsOf: exif, at: 2)
        try photo.write(to: sample.url("images/a.png"))
        #expect(try sample.check().warnings.map(\.kind).filter { $0 == .orientation } == [.orientation])
        try sample.replace("{\"train\"", with: "{\"orientation\": \"exif\", \"train\"", in: "data.json")
        #expect(try sample.check().warnings.filter { $0.kind == .orientation }.isEmpty)
    }

    private final class Steps: @unchecked Sendable {
        // Calls come one at a time.
        var all: [Int] = []
        var total = 0
        func add(_ done: Int, _ total: Int) {
            all.append(done)
            self.total = total
        }
    }
}

/// `medsweep data add`'s work.
@Suite struct AddingTests {
    @Test func linksAreMadeUnderTheStudysNames() throws {
        let (brats, carpet) = (try SampleFolder.brats(), try SampleFolder.mvtec())
        let data = brats.base.appending(path: "data")
        let added = try LocalDatasets.add(brats.root, as: "brats", to: data)
        #expect(added.name == "brats" && added.isNew && added.place.lastPathComponent == "BraTS2021")
        let own = try LocalDatasets.add(carpet.root, as: "my-carpet", to: data)
        #expect(own.name == "my-carpet" && own.place.lastPathComponent == "my-carpet")
        let found = try LocalDatasets.find(in: [data])
        #expect(Set(found.keys) == ["brats", "my-carpet"])
        #expect(try ImageFolder.open(#require(found["brats"]), name: "brats").fingerprint() == brats.open().fingerprint())
        // Once more changes nothing, whichever name is used.
        #expect(try !LocalDatasets.add(brats.root, as: "BraTS2021", to: data).isNew)
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path).sorted() == ["BraTS2021", "my-carpet"])
    }

    @Test func whatCannotBeIsRefused() throws {
        let sample = try SampleFolder.mvtec()
        let data = sample.base.appending(path: "data")
        func refusal(_ root: URL, _ name: String) -> String? {
            #expect(throws: DatasetError.self) { try LocalDatasets.add(root, as: name, to: data) }?.description
        }
        for name in ["", "a/b", "..", ".hidden", "-x", "a b", "ä"] { #expect(refusal(sample.root, name)?.contains("cannot be called") == true) }
        #expect(refusal(sample.base, "carpet")?.contains("has no data.json") == true)
        #expect(refusal(sample.base.appending(path: "none"), "carpet")?.contains("there is no data folder") == true)
        #expect(!FileManager.default.fileExists(atPath: data.path))
        _ = try LocalDatasets.add(sample.root, as: "carpet", to: data)
        let other = try SampleFolder.camelyon()
        #expect(refusal(other.root, "carpet")?.contains("already") == true)
        try FileManager.default.createDirectory(at: data.appending(path: "taken"), withIntermediateDirectories: true)
        #expect(refusal(other.root, "taken")?.contains("is no data set") == true)
    }
}
