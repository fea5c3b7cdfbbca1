import Foundation
import Imaging
import Testing

@testable import Datasets

/// What a data set's owner says of its files, and what a check says where it should.
@Suite struct DataOptionTests {
    private func pixels(_ sample: SampleFolder, _ split: PixelSplit = .train) throws -> [UInt8] {
        let folder = try sample.open()
        let block = try PixelCache.load(
            folder: folder, fingerprint: folder.fingerprint(), split: split, channels: 1, size: 12, cacheDirectory: sample.cache)
        return block.withUnsafeBytes { Array($0) }
    }

    /// Images whose samples are 0 to 4095 in training; a test image has one that is brighter.
    private func deep() throws -> SampleFolder {
        let sample = try SampleFolder.mvtec()
        for name in ["train/good/000", "train/good/001", "test/hole/000", "test/hole/001", "test/cut/000"] {
            try sample.deepImage("\(name).png") { $0 * 4095 / 119 }
        }
        try sample.deepImage("test/good/000.png") { $0 == 0 ? 65_535 : $0 * 8 }
        return sample
    }

    @Test func deepImagesOfFewLevelsAreToldAndMended() throws {
        let sample = try deep()
        let check = try sample.check()
        #expect(check.samples.map { [$0.images, $0.lowest, $0.highest] } == [6, 0, 65_535])
        try sample.deepImage("test/good/000.png") { $0 * 8 }
        let narrow = try sample.check()
        #expect(narrow.samples.map { [$0.highest, $0.bits, $0.levels] } == [4095, 12, 16])
        let warning = try #require(narrow.warnings.first { $0.kind == .intensity })
        #expect(warning.message.contains("from 0 to 4095 become 16 grey levels of 256"))
        #expect(warning.message.contains("\"intensity\": \"bits\" in medsweep.json"))
        #expect(narrow.remarks.contains(warning.message))
        #expect(try Set(pixels(sample)).count == 16)

        let fingerprint = try sample.open().fingerprint()
        var prints: Set = [fingerprint]
        for rule in ["bits", "range", "percentile"] {
            try sample.text("{\"intensity\": \"\(rule)\"}", "medsweep.json")
            let mended = try sample.check()
            #expect(!mended.warnings.contains { $0.kind == .intensity })
            #expect(mended.fingerprint.map { prints.insert($0).inserted } == true)
            #expect(try mended.fingerprint == sample.open().fingerprint())
            // Twice: by the images, and by what was kept of them.
            let first = try pixels(sample)
            #expect(Set(first).count > 80, "\(rule): \(Set(first).count)")
            #expect(first.min() == 0 && first.max() == 255, "\(rule)")
            #expect(try pixels(sample, .test).max()! <= 255)
        }
        try sample.text("{\"intensity\": \"study\"}", "medsweep.json")
        #expect(try sample.open().fingerprint() == fingerprint)
    }

    /// Only training images say what the range is, so that no test image changes another one's score.
    @Test func testImagesHaveNoSay() throws {
        let sample = try deep()
        try sample.text("{\"intensity\": \"range\"}", "medsweep.json")
        let images = try pixels(sample, .test)
        // Above the range is white; 109 · 8 of 4095 is 54 of 255.
        #expect(images[0] == 255)
        #expect(images[11 * 12 + 1] == 54)
    }

    @Test func depthsAreNotMixed() throws {
        let sample = try deep()
        try sample.image("train/good/001.png", shade: 3)
        try sample.text("{\"intensity\": \"range\"}", "medsweep.json")
        let error = #expect(throws: ImagingError.self) { try pixels(sample) }
        #expect(error?.description.contains("not as many bits a sample") == true)
    }

    @Test(arguments: [
        ("{\"intensity\": \"rang\"}", "'rang'; write \"study\" or \"bits\" or \"range\" or \"percentile\""),
        ("{\"intensity\": 3}", "\"intensity\" is none of"),
        ("{\"mask_threshold\": -1}", "mask_threshold -1; write a whole number from 0 to 65534"),
        ("{\"mask_threshold\": 0.5}", "mask_threshold 0.5; write a whole number"),
        ("{\"mask_threshold\": \"127\"}", "\"mask_threshold\" is no number"),
        ("{\"mask_treshold\": 5}", "unknown option 'mask_treshold' (did you mean 'mask_threshold'?)"),
        ("{\n\"mask_threshold\": 5,\n", "it is no JSON object, see line 3"),
        ("[]", "it is no JSON object"),
    ]) func badOptionsAreNamed(_ text: String, _ words: String) throws {
        let sample = try SampleFolder.mvtec()
        try sample.text(text, "medsweep.json")
        let error = #expect(throws: DatasetError.self) { try sample.open() }
        #expect(error?.description.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.description.contains("\(sample.root.path)/medsweep.json") == true)
    }

    @Test func listsHaveTheirOptionsInDataJSON() throws {
        let sample = try SampleFolder.lists()
        let fingerprint = try sample.open().fingerprint()
        try sample.replace("{\"train\"", with: "{\"mask_threshold\": 127, \"intensity\": \"bits\", \"train\"", in: "data.json")
        let folder = try sample.open()
        #expect(folder.options.maskThreshold == 127 && folder.options.intensity == .bits)
        #expect(try folder.fingerprint() != fingerprint)
        try sample.text("{}", "medsweep.json")
        let error = #expect(throws: DatasetError.self) { try sample.open() }
        #expect(error?.description.contains("write its options into data.json") == true)
    }

    /// A mask whose border is smoothed, or that a lossy format has been through, marks as much as the threshold says.
    @Test func greyMasksAreToldAndMended() throws {
        let sample = try SampleFolder.mvtec()
        // Noise of 1 to 5 nearly everywhere, and 12 pixels of 255.
        try sample.greyMask("ground_truth/hole/000_mask.png") { $0 < 12 ? 255 : $0 < 16 ? 0 : UInt8($0 % 5 + 1) }
        let check = try sample.check()
        let warning = try #require(check.warnings.first { $0.kind == .greyMask })
        #expect(warning.files == ["test/hole/000.png"])
        #expect(warning.message.contains("(7 levels; > 0 marks 96.7 %, > 127 marks 10.0 %)"))
        #expect(warning.message.contains("\"mask_threshold\": 127 in medsweep.json"))
        #expect(check.warnings.contains { $0.kind == .fullMask })
        let fingerprint = check.fingerprint
        try sample.text("{\"mask_threshold\": 127}", "medsweep.json")
        let mended = try sample.check()
        #expect(mended.warnings.isEmpty, "\(mended.warnings)")
        #expect(mended.fingerprint != fingerprint)
        #expect(try pixels(sample, .testMasks).dropFirst(2 * 144).prefix(144).count { $0 == 1 } == 12)
        // Labels are no grey levels.
        try sample.remove("medsweep.json")
        try sample.greyMask("ground_truth/hole/000_mask.png") { UInt8($0 < 30 ? $0 % 3 + 1 : 0) }
        #expect(try sample.check().warnings.isEmpty)
    }

    @Test func fullMasksAndLostMarksAreTold() throws {
        let sample = try SampleFolder.mvtec()
        try sample.greyMask("ground_truth/hole/000_mask.png") { $0 == 3 ? 0 : 255 }
        try sample.image("test/cut/000.png", shade: 9, width: 200, height: 200)
        try sample.greyMask("ground_truth/cut/000_mask.png", width: 200, height: 200) { $0 == 0 ? 255 : 0 }
        let warnings = try sample.check().warnings
        #expect(warnings.first { $0.kind == .fullMask }?.message.contains("more than 90 %: 'test/hole/000.png'; it may be inverted") == true)
        #expect(warnings.first { $0.kind == .emptyMask }?.message.contains("nothing is left at 64 × 64 pixels: 'test/cut/000.png'") == true)
    }

    /// A mask that belongs to nothing is said, and so is a folder that is called as if masks were in it.
    @Test func unmatchedMasksAreAllNamed() throws {
        let sample = try SampleFolder.lists()
        try sample.mask("masks/x.png", marked: 2)
        try sample.mask("masks/n.png", marked: 2)
        try sample.mask("masks/y_mask.png", marked: 2)
        try sample.mask("Ground-Truth/x.png", marked: 2)
        let warnings = try sample.check().warnings.filter { $0.kind == .unmatchedMask }
        #expect(warnings.map(\.files) == [["masks/n.png", "masks/y_mask.png"], ["Ground-Truth"]])
        #expect(warnings.last?.message.contains("masks are expected in 'masks'") == true)
        let folders = try SampleFolder.mvtec()
        try folders.mask("ground_truth/hole/007_mask.png", marked: 2)
        try folders.mask("ground_truth/good/000_mask.png", marked: 2)
        try folders.mask("masks/hole/000.png", marked: 2)
        #expect(try folders.check().warnings.map(\.files) == [["ground_truth/good/000_mask.png", "ground_truth/hole/007_mask.png"], ["masks"]])
        let brats = try SampleFolder.brats()
        try brats.mask("test/annotation/p9_seg_1.png", marked: 2)
        #expect(try brats.check().warnings.map(\.files) == [["test/annotation/p9_seg_1.png"]])
    }

    /// What storage boxes, archives and desktops leave is no part of a data set, wherever it lies.
    @Test func foreignFoldersArePassedOver() throws {
        let sample = try SampleFolder.mvtec()
        let fingerprint = try sample.open().fingerprint()
        for place in ["train/good", "test/hole", "test", "ground_truth/hole", "."] {
            for name in ["@eaDir", "__MACOSX", ".hidden"] { try sample.image("\(place)/\(name)/000.png", shade: 1) }
            try sample.text("x", "\(place)/Thumbs.db")
        }
        let check = try sample.check()
        #expect(check.problems.isEmpty && check.warnings.isEmpty, "\(check.problems) \(check.warnings)")
        #expect(check.fingerprint == fingerprint)
    }

    @Test func bmadIsReadByItsFolders() throws {
        let sample = try SampleFolder.bmad()
        let folder = try sample.open()
        #expect(folder.layout == .bmad)
        #expect(folder.train.map(\.name) == ["train/good/0.png", "train/good/1.png"])
        #expect(folder.test.map(\.name) == ["test/good/img/2.png", "test/Ungood/img/3.png", "test/Ungood/img/4.png"])
        #expect(folder.test.map { $0.masks.map(\.lastPathComponent) } == [[], ["3.png"], ["4.png"]])
        let check = try sample.check()
        #expect(check.problems.isEmpty && check.warnings.isEmpty, "\(check.problems) \(check.warnings)")
        // A later release's name of the folder, and a mask that is not there.
        try sample.move("test/Ungood/label", "test/Ungood/anomaly_mask")
        #expect(try sample.open().test.count(where: \.hasMask) == 2)
        try sample.remove("test/Ungood/anomaly_mask/4.png")
        let error = #expect(throws: DatasetError.self) { try sample.open() }
        #expect(error?.description.contains("test/Ungood/img/4.png' has no mask") == true)
        // Without masks at all, and with images right in the classes.
        try sample.remove("test/Ungood/anomaly_mask")
        try sample.remove("test/good/label")
        try sample.move("test/good/img/2.png", "test/good/2.png")
        try sample.remove("test/good/img")
        #expect(try sample.open().test.map(\.name) == ["test/good/2.png", "test/Ungood/img/3.png", "test/Ungood/img/4.png"])
    }

    @Test func visaIsReadByItsSplit() throws {
        let sample = try SampleFolder.visa()
        let folder = try sample.open()
        #expect(folder.layout == .visa)
        #expect(folder.train.map(\.name) == ["Data/Images/Normal/0000.JPG", "Data/Images/Normal/0001.JPG"])
        #expect(folder.test.map(\.name) == ["Data/Images/Normal/0002.JPG", "Data/Images/Anomaly/000.JPG", "Data/Images/Anomaly/001.JPG"])
        #expect(folder.test.map(\.masks.count) == [0, 1, 1])
        let check = try sample.check()
        #expect(check.problems.isEmpty && check.warnings.isEmpty, "\(check.problems) \(check.warnings)")
        // By a link elsewhere, as `data add` makes it.
        let link = sample.base.appending(path: "elsewhere")
        try FileManager.default.createDirectory(at: link, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(at: link.appending(path: "wax"), withDestinationURL: sample.root)
        #expect(try ImageFolder.open(link.appending(path: "wax"), name: "wax").fingerprint() == folder.fingerprint())

        func refusal(_ text: String, _ other: String) throws -> String? {
            let broken = try SampleFolder.visa()
            try broken.replace(text, with: other, in: "../split_csv/1cls.csv")
            return #expect(throws: DatasetError.self) { try broken.open() }?.description
        }
        #expect(try refusal("candle/Data/Images/Normal/0001.JPG", "candle/../x.JPG")?.contains("line 4 names 'candle/../x.JPG', which is no file of 'candle'") == true)
        #expect(try refusal("Normal/0001.JPG", "Normal/0000.JPG")?.contains("line 4 lists 'Data/Images/Normal/0000.JPG' for the second time") == true)
        #expect(try refusal("train,normal,candle/Data/Images/Normal/0001", "train,anomaly,candle/Data/Images/Normal/0001")?.contains("write train and normal") == true)
        #expect(try refusal("label", "class")?.contains("has no column 'label'") == true)
        try sample.remove("Data/Masks/Anomaly/001.png")
        let missing = #expect(throws: DatasetError.self) { try sample.open() }
        #expect(missing?.description.contains("names the mask '\(sample.root.path)/Data/Masks/Anomaly/001.png', which is not there") == true)
        try sample.remove("../split_csv")
        let lost = #expect(throws: DatasetError.self) { try sample.open() }
        #expect(lost?.description.contains("split_csv/1cls.csv', which says what of VisA's images is for training") == true)
    }

    /// MVTec LOCO's images have a folder of masks each; what one of them marks is abnormal.
    @Test func severalMasksOfAnImageAreOne() throws {
        let sample = try SampleFolder.mvtec()
        let fingerprint = try sample.open().fingerprint()
        try sample.remove("ground_truth/hole/000_mask.png")
        try sample.mask("ground_truth/hole/000/000.png", marked: 12)
        try sample.greyMask("ground_truth/hole/000/001.png") { $0 >= 108 ? 7 : 0 }
        let folder = try sample.open()
        #expect(folder.test.map { $0.masks.map(\.lastPathComponent) } == [[], ["000_mask.png"], ["000.png", "001.png"], ["001.png"]])
        #expect(try folder.fingerprint() != fingerprint)
        let check = try sample.check()
        #expect(check.problems.isEmpty && check.warnings.isEmpty, "\(check.problems) \(check.warnings)")
        #expect(try check.fingerprint == folder.fingerprint())
        let marked = try pixels(sample, .testMasks)[288..<432]
        // The first and the last of ten rows, one or two of twelve each.
        #expect(marked.prefix(12).allSatisfy { $0 == 1 } && marked.suffix(12).allSatisfy { $0 == 1 } && marked.count { $0 == 0 } >= 108)
        try sample.mask("ground_truth/hole/000/002.png", marked: 1, width: 5)
        #expect(try sample.check().problems.map(\.kind) == [.maskSize])
    }

    /// Colours tell pictures apart, and a copy by a lossy format is found though no pixel is the same.
    @Test func lookAlikesAreFoundInColour() throws {
        let sample = try SampleFolder.mvtec()
        func picture(_ shift: Int, noise: Int = 0) -> Image {
            Image(width: 40, height: 40, channels: 3, pixels: (0..<4800).map { place in
                let (row, column, channel) = (place / 120, place / 3 % 40, place % 3)
                let value = (row * (3 + channel) + column * (5 - channel) + shift * 60) % 200 + 20
                return UInt8(value + (place * 7919 % (2 * noise + 1)) - noise)
            })
        }
        for (index, name) in ["train/good/000", "train/good/001", "test/good/000", "test/hole/000", "test/hole/001", "test/cut/000"].enumerated() {
            try ImageCodec.writePNG(picture(index), to: sample.url("\(name).png"))
        }
        try sample.remove("ground_truth")
        #expect(try sample.check().warnings.isEmpty && sample.check().problems.isEmpty)
        try ImageCodec.writePNG(picture(1, noise: 2), to: sample.url("test/good/000.png"))
        let check = try sample.check()
        #expect(check.problems.isEmpty)
        #expect(check.warnings.map(\.kind) == [.lookAlike] && check.warnings[0].files == ["train/good/001.png", "test/good/000.png"])
        #expect(try LocalDatasets.knownRemarks(of: sample.root, name: sample.name, cacheDirectory: sample.cache) == check.remarks)
        #expect(check.remarks.count == 1)

        // Two colours of one grey: 0.299 R + 0.587 G + 0.114 B is 29 for both.
        let red = Image(width: 12, height: 10, channels: 3, pixels: (0..<120).flatMap { _ in [97, 0, 0] as [UInt8] })
        let green = Image(width: 12, height: 10, channels: 3, pixels: (0..<120).flatMap { _ in [0, 50, 0] as [UInt8] })
        #expect(red.grey() == green.grey())
        try ImageCodec.writePNG(red, to: sample.url("train/good/000.png"))
        try ImageCodec.writePNG(green, to: sample.url("test/good/000.png"))
        #expect(try sample.check().problems.isEmpty)
    }

    @Test func oneNameInTwoFoldersIsTold() throws {
        let (one, two) = (try SampleFolder.mvtec(), try SampleFolder.mvtec())
        try FileManager.default.createSymbolicLink(at: one.base.appending(path: "wood"), withDestinationURL: one.root)
        let places = try LocalDatasets.places(in: [one.base, two.base, one.base])
        #expect(places["carpet"]?.map(\.path) == [one.root.path, two.root.path])
        #expect(places["wood"]?.count == 1)
        #expect(try LocalDatasets.find(in: [one.base, two.base])["carpet"]?.path == one.root.path)
        let sentence = try #require(places["carpet"].flatMap { LocalDatasets.shadowing("carpet", $0) })
        #expect(sentence.contains("'\(one.root.path)'; '\(two.root.path)' of the same name is not looked at"))
        #expect(LocalDatasets.shadowing("wood", [one.root]) == nil)
    }

    @Test func dataOfOtherKindsIsNamed() throws {
        let sample = try SampleFolder.mvtec()
        for name in ["train/good/000.png", "train/good/001.png"] { try sample.move(name, "\(name).dcm.bak") }
        try (Data(count: 128) + Data("DICM".utf8)).write(to: sample.url("train/good/IM0001"))
        let error = #expect(throws: DatasetError.self) { try sample.open() }
        #expect(error?.description.contains("holds no images ('IM0001' is a DICOM file; convert it to PNG)") == true)
    }
}
