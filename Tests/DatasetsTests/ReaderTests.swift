import Catalogue
import Foundation
import Imaging
import TestSupport
import Testing

@testable import Datasets

/// The study's layouts and MVTec's, whole and broken.
@Suite struct ReaderTests {
    @Test func isicTakesNeviFromItsTables() throws {
        let sample = try SampleFolder.isic()
        let folder = try sample.open()
        #expect(folder.layout == .isic && folder.options.orientation == .stored)
        #expect(folder.train.map(\.name) == [1, 2, 4].map { "ISIC2018_Task3_Training_Input/ISIC_000\($0).jpg" })
        #expect(folder.test.map(\.name) == [6, 5, 7].map { "ISIC2018_Task3_Test_Input/ISIC_000\($0).jpg" })
        #expect(folder.test.map(\.isAbnormal) == [false, true, true])
        #expect(folder.test.allSatisfy { !$0.hasMask })
    }

    /// As spreadsheets write tables: a byte order mark, carriage returns, quotes, other columns in another order, 0 and 1.
    @Test func isicTablesOfSpreadsheetsAreRead() throws {
        let sample = try SampleFolder.isic()
        let before = try sample.open().fingerprint()
        try sample.text(
            "\u{FEFF}\"NV\",\"image\",\"why\"\r\n1,\"ISIC_0001\",x\r\n1,ISIC_0002,\r\n0,ISIC_0003,\r\n1, ISIC_0004 ,\r\n\r\n", SampleFolder.trainingTable)
        #expect(try sample.open().fingerprint() == before)
    }

    @Test func camelyonIsReadByItsFolders() throws {
        let sample = try SampleFolder.camelyon()
        // BMAD's validation images are not used.
        try sample.image("valid/good/1.png", shade: 9)
        let folder = try sample.open()
        #expect(folder.layout == .camelyon && folder.options.orientation == .stored)
        #expect(folder.train.map(\.name) == ["train/good/1.png", "train/good/2.png"])
        #expect(folder.test.map(\.name) == ["test/good/1.png", "test/Ungood/1.png", "test/Ungood/2.png"])
        #expect(folder.test.map(\.isAbnormal) == [false, true, true])
        #expect(try ImageFolder.open(sample.root, name: "c16").layout == .camelyon)
    }

    @Test func bratsPairsSlicesWithMasks() throws {
        let folder = try SampleFolder.brats().open()
        #expect(folder.layout == .brats)
        #expect(folder.train.map(\.name) == ["train/p1_flair_1.png", "train/p1_flair_2.png"])
        #expect(folder.test.map(\.name) == ["test/normal/p2_flair_9.png", "test/tumor/p3_flair_4.png", "test/tumor/p3_flair_5.png"])
        #expect(folder.test.map { $0.masks.first?.lastPathComponent } == [nil, "p3_seg_4.png", "p3_seg_5.png"])
    }

    @Test func mvtecFoldersAreRead() throws {
        let sample = try SampleFolder.mvtec()
        for hidden in ["train/good/.DS_Store", "test/good/Thumbs.db", "test/readme.txt"] { try sample.text("", hidden) }
        let folder = try sample.open()
        #expect(folder.layout == .folder && folder.options.orientation == .exif)
        #expect(folder.train.map(\.name) == ["train/good/000.png", "train/good/001.png"])
        #expect(folder.test.map(\.name) == ["test/good/000.png", "test/cut/000.png", "test/hole/000.png", "test/hole/001.png"])
        #expect(folder.test.map { $0.masks.first?.lastPathComponent } == [nil, "000_mask.png", "000_mask.png", "001.png"])
        #expect(try SampleFolder.mvtec(masks: false).open().test.allSatisfy { !$0.hasMask })
    }

    /// Masks go through the cache: nearest, > 0, and zeros for normal images.
    @Test func masksBecomePixels() throws {
        let sample = try SampleFolder.brats()
        func masks(size: Int) throws -> [UInt8] {
            try PixelCache.load(
                folder: sample.open(), fingerprint: "f", split: .testMasks, channels: 1, size: size, cacheDirectory: sample.cache
            ).withUnsafeBytes { Array($0) }
        }
        let whole = try masks(size: 60)
        #expect(whole.count == 3 * 3600 && Set(whole) == [0, 1])
        // 12 × 10 pixels enlarged to 60 × 60: one becomes 5 × 6.
        #expect((0..<3).map { index in whole[index * 3600..<(index + 1) * 3600].count { $0 == 1 } } == [0, 4 * 30, 5 * 30])
        try sample.mask("test/annotation/p3_seg_4.png", marked: 4, width: 11)
        let error = #expect(throws: ImagingError.self) { try masks(size: 30) }
        #expect(error?.description.contains("p3_seg_4.png' is 11 × 10 pixels and its image 12 × 10") == true)
    }

    @Test func fingerprintsOfListsStayWhatTheyWere() throws {
        // Job identities depend on it. The number is from Python's hashlib, over the lines that the fingerprint is of.
        let sample = try SampleFolder.lists()
        for (name, text) in ["images/a": "one", "images/b": "two", "images/n": "three", "images/x": "four", "masks/x": "mask"] {
            try sample.text(text, "\(name).png")
        }
        let print = try sample.open().fingerprint()
        #expect(print == "316b1f091158f46a364d0d37104e3f6158f39f588e21ba77428299539969da05")
        try sample.replace("{\"train\"", with: "{\"orientation\": \"stored\", \"train\"", in: "data.json")
        #expect(try sample.open().fingerprint() == print)
        try sample.replace("stored", with: "exif", in: "data.json")
        #expect(try sample.open().options.orientation == .exif)
        #expect(try sample.open().fingerprint() != print)
    }

    @Test func fingerprintsFollowNamesLabelsAndBytes() throws {
        for make in [SampleFolder.isic, SampleFolder.camelyon, SampleFolder.brats, { try SampleFolder.mvtec() }] {
            let (one, other) = (try make(), try make())
            let print = try one.open().fingerprint()
            #expect(try other.open().fingerprint() == print)
            // Another label, other bytes of a mask, another name, another image.
            switch one.name {
            case "ISIC2018_Task3":
                try one.replace("ISIC_0003,1.0,0.0", with: "ISIC_0003,0.0,1.0", in: SampleFolder.trainingTable)
            case "BraTS2021": try one.mask("test/annotation/p3_seg_4.png", marked: 9)
            case "Camelyon16": try one.move("test/Ungood/1.png", "test/Ungood/3.png")
            default: try one.move("test/cut/000.png", "test/good/001.png")
                try one.image("test/cut/000.png", shade: 12)
            }
            #expect(try one.open().fingerprint() != print)
        }
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        let what: String
        let make: @Sendable () throws -> SampleFolder
        let harm: @Sendable (SampleFolder) throws -> Void
        let parts: [String]
        var testDescription: String { what }

        init(
            _ what: String, _ make: @escaping @Sendable () throws -> SampleFolder, saying parts: String...,
            by harm: @escaping @Sendable (SampleFolder) throws -> Void
        ) {
            (self.what, self.make, self.harm, self.parts) = (what, make, harm, parts)
        }
    }

    private static let mvtec: @Sendable () throws -> SampleFolder = { try SampleFolder.mvtec() }

    static let broken: [Broken] = [
        Broken("ISIC: no column", SampleFolder.isic, saying: "Training_GroundTruth.csv", "no column 'NV'") {
            try $0.replace(",NV,", with: ",NEVUS,", in: SampleFolder.trainingTable)
        },
        Broken("ISIC: empty table", SampleFolder.isic, saying: "Test_GroundTruth.csv", "no column 'image'") { try $0.text("", SampleFolder.testTable) },
        Broken("ISIC: header alone", SampleFolder.isic, saying: "Test_GroundTruth.csv", "lists no images") {
            try $0.text("image,NV\n", SampleFolder.testTable)
        },
        Broken("ISIC: no table", SampleFolder.isic, saying: "Test_GroundTruth.csv", "there is no") { try $0.remove(SampleFolder.testTable) },
        Broken("ISIC: table in other case", SampleFolder.isic, saying: "isic2018_task3_test_groundtruth.csv", "case of its letters") {
            try $0.move(SampleFolder.testTable, "ISIC2018_Task3_Test_GroundTruth/isic2018_task3_test_groundtruth.csv")
        },
        Broken("ISIC: no images", SampleFolder.isic, saying: "ISIC2018_Task3_Test_Input", "there is no folder") { try $0.remove("ISIC2018_Task3_Test_Input") },
        Broken("ISIC: an image is missing", SampleFolder.isic, saying: "'ISIC_0002'", "there is no") {
            try $0.remove("ISIC2018_Task3_Training_Input/ISIC_0002.jpg")
        },
        Broken("ISIC: an image in other case", SampleFolder.isic, saying: "'ISIC_0002.JPG' differs in the case") {
            try $0.move("ISIC2018_Task3_Training_Input/ISIC_0002.jpg", "ISIC2018_Task3_Training_Input/ISIC_0002.JPG")
        },
        Broken("ISIC: another label", SampleFolder.isic, saying: "line 3", "'0.5' for NV", "0 or 1") {
            try $0.replace("ISIC_0001,0.0,1.0", with: "ISIC_0001,0.0,0.5", in: SampleFolder.trainingTable)
        },
        Broken("ISIC: no label", SampleFolder.isic, saying: "line 2", "'' for NV") {
            try $0.replace("ISIC_0005,1.0,0.0", with: "ISIC_0005,1.0,", in: SampleFolder.testTable)
        },
        Broken("ISIC: a short line", SampleFolder.isic, saying: "line 4", "has 2 values and the first line 8") {
            try $0.replace("ISIC_0007,0.0,0.0,0.0,0.0,0.0,0.0,1.0", with: "ISIC_0007,0.0", in: SampleFolder.testTable)
        },
        Broken("ISIC: twice", SampleFolder.isic, saying: "line 3", "'ISIC_0002' for the second time") {
            try $0.replace("ISIC_0001", with: "ISIC_0002", in: SampleFolder.trainingTable)
        },
        Broken("ISIC: a name that leads out", SampleFolder.isic, saying: "line 3", "../ISIC_0001", "no name of a file") {
            try $0.replace("ISIC_0001", with: "../ISIC_0001", in: SampleFolder.trainingTable)
        },
        Broken("ISIC: an absolute name", SampleFolder.isic, saying: "line 3", "/etc/passwd", "no name of a file") {
            try $0.replace("ISIC_0001", with: "/etc/passwd", in: SampleFolder.trainingTable)
        },
        Broken("ISIC: no nevi in test", SampleFolder.isic, saying: "Test_GroundTruth.csv", "no nevus") {
            try $0.replace("ISIC_0006,0.0,1.0", with: "ISIC_0006,1.0,0.0", in: SampleFolder.testTable)
        },
        Broken("ISIC: not text", SampleFolder.isic, saying: "not UTF-8") {
            try Data([0x69, 0xFF, 0xFE, 0x0A]).write(to: $0.url(SampleFolder.testTable))
        },
        Broken("ISIC: images behind a link out", SampleFolder.isic, saying: "a link out of the data folder") {
            let elsewhere = $0.base.appending(path: "elsewhere")
            try FileManager.default.moveItem(at: $0.url("ISIC2018_Task3_Test_Input"), to: elsewhere)
            try FileManager.default.createSymbolicLink(at: $0.url("ISIC2018_Task3_Test_Input"), withDestinationURL: elsewhere)
        },
        Broken("Camelyon16: other case", SampleFolder.camelyon, saying: "test/Ungood'", "'ungood' differs in the case of its letters") {
            try $0.move("test/Ungood", "test/ungood")
        },
        Broken("Camelyon16: no abnormal", SampleFolder.camelyon, saying: "there is no folder", "test/Ungood'") { try $0.remove("test/Ungood") },
        Broken("Camelyon16: empty class", SampleFolder.camelyon, saying: "test/good'", "holds no images") { try $0.remove("test/good/1.png") },
        Broken("Camelyon16: train in other case", SampleFolder.camelyon, saying: "train/good'", "'Good' differs in the case") {
            try $0.move("train/good", "train/Good")
        },
        Broken("Camelyon16: folders in a class", SampleFolder.camelyon, saying: "test/Ungood/img'", "is a folder") {
            try $0.image("test/Ungood/img/1.png", shade: 1)
        },
        Broken("BraTS: no mask", SampleFolder.brats, saying: "p3_flair_5.png' has no mask", "p3_seg_5.png") { try $0.remove("test/annotation/p3_seg_5.png") },
        Broken("BraTS: mask in other case", SampleFolder.brats, saying: "p3_flair_5.png' has no mask", "'p3_Seg_5.png' differs in the case") {
            try $0.move("test/annotation/p3_seg_5.png", "test/annotation/p3_Seg_5.png")
        },
        Broken("BraTS: no training images", SampleFolder.brats, saying: "there is no folder", "/train'") { try $0.remove("train") },
        Broken("BraTS: no normal", SampleFolder.brats, saying: "there is no folder", "test/normal'") { try $0.remove("test/normal") },
        Broken("BraTS: tumor in other case", SampleFolder.brats, saying: "test/tumor'", "'Tumor' differs in the case") { try $0.move("test/tumor", "test/Tumor") },
        Broken("BraTS: empty class", SampleFolder.brats, saying: "test/normal'", "holds no images") { try $0.remove("test/normal/p2_flair_9.png") },
        Broken("BraTS: another format", SampleFolder.brats, saying: "p4.tiff", "neither PNG nor JPEG") { try $0.text("II", "train/p4.tiff") },
        Broken("folder: no defect", mvtec, saying: "no folder of abnormal images", "test/<defect>") {
            try $0.remove("test/hole")
            try $0.remove("test/cut")
        },
        Broken("folder: empty defect", mvtec, saying: "test/cut'", "holds no images") { try $0.remove("test/cut/000.png") },
        Broken("folder: good in other case", mvtec, saying: "test/good'", "'Good' differs in the case") { try $0.move("test/good", "test/Good") },
        Broken("folder: good in both cases", mvtec, saying: "test/Good'", "case of its letters") { try $0.image("test/Good/7.png", shade: 1) },
        Broken("folder: train in other case", mvtec, saying: "train/good'", "'GOOD' differs in the case") { try $0.move("train/good", "train/GOOD") },
        Broken("folder: no mask", mvtec, saying: "test/hole/001.png' has no mask", "001_mask.png") { try $0.remove("ground_truth/hole/001.png") },
        Broken("folder: no masks of a defect", mvtec, saying: "test/cut/000.png' has no mask", "'Cut' differs in the case") {
            try $0.move("ground_truth/cut", "ground_truth/Cut")
        },
        Broken("folder: a JPEG mask", mvtec, saying: "test/cut/000.png' is a JPEG", "000_mask.png") {
            try $0.move("ground_truth/cut/000_mask.png", "ground_truth/cut/000.jpg")
        },
        Broken("folder: no test", mvtec, saying: "there is no folder", "test/good'") { try $0.remove("test") },
        Broken("folder: a link to nowhere", mvtec, saying: "002.png' is a link that leads nowhere") {
            try FileManager.default.createSymbolicLink(at: $0.url("train/good/002.png"), withDestinationURL: $0.url("none"))
        },
        Broken("folder: a pipe", mvtec, saying: "002.png' is not a file") { #expect(mkfifo($0.url("train/good/002.png").path, 0o600) == 0) },
        Broken("lists: a class in other case", SampleFolder.lists, saying: "'x.png'", "'X.PNG' differs in the case") { try $0.move("images/x.png", "images/X.PNG") },
        Broken("lists: no data.json but one in other case", SampleFolder.lists, saying: "has no data.json", "'Data.json' differs in the case") {
            try $0.move("data.json", "Data.json")
        },
        Broken("lists: an unknown orientation", SampleFolder.lists, saying: "orientation 'up'", "\"exif\"") {
            try $0.replace("{\"train\"", with: "{\"orientation\": \"up\", \"train\"", in: "data.json")
        },
        Broken("lists: another label", SampleFolder.lists, saying: "label \"2\" under \"test\"") {
            try $0.replace("\"1\": [\"x.png\"]", with: "\"1\": [\"x.png\"], \"2\": [\"x.png\"]", in: "data.json")
        },
        Broken("lists: images behind a link out", SampleFolder.lists, saying: "'sub/x.png'", "a link out of the data folder") {
            let elsewhere = $0.base.appending(path: "elsewhere")
            try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: true)
            try FileManager.default.moveItem(at: $0.url("images/x.png"), to: elsewhere.appending(path: "x.png"))
            try FileManager.default.createSymbolicLink(at: $0.url("images/sub"), withDestinationURL: elsewhere)
            try $0.replace("x.png", with: "sub/x.png", in: "data.json")
        },
        Broken("lists: data.json is a folder", SampleFolder.lists, saying: "data.json' is not a file") {
            try $0.remove("data.json")
            try $0.image("data.json/1.png", shade: 1)
        },
        Broken("nothing", SampleFolder.lists, saying: "has no data.json", "train/good") { try $0.remove("data.json") },
    ]

    @Test(arguments: broken) func brokenFoldersAreNamed(_ broken: Broken) throws {
        let sample = try broken.make()
        _ = try sample.open()
        try broken.harm(sample)
        let error = #expect(throws: DatasetError.self) { try sample.open() }
        for part in broken.parts + [sample.root.path] {
            #expect(error?.description.contains(part) == true, "\(error.map { "\($0)" } ?? "") lacks \(part)")
        }
        #expect(error?.description.contains("\n") == false)
    }

    /// Links of single images are followed: tools that keep data under version control put them.
    @Test func linksInsideAndOfImagesAreFollowed() throws {
        let sample = try SampleFolder.lists()
        let before = try sample.open().fingerprint()
        try sample.move("images", "data/images")
        try FileManager.default.createSymbolicLink(at: sample.url("images"), withDestinationURL: sample.url("data/images"))
        #expect(try sample.open().fingerprint() == before)
    }

    /// Whatever the lists and tables hold, the folder is opened or refused with a sentence that names it.
    @Test func damagedListsAreReadOrRefused() async throws {
        let (lists, isic) = (try SampleFolder.lists(), try SampleFolder.isic())
        let complaints = try await offPool {
            var mutation = Mutation(seed: 3)
            var complaints: [String] = []
            for (sample, file) in [(lists, "data.json"), (isic, SampleFolder.trainingTable), (isic, SampleFolder.testTable)] {
                let whole = [UInt8](try Data(contentsOf: sample.url(file)))
                for _ in 0..<300 {
                    try Data(mutation.damaged(whole)).write(to: sample.url(file))
                    do throws(DatasetError) {
                        let folder = try sample.open()
                        let inside = (folder.train + folder.test).allSatisfy { $0.path.path.hasPrefix(sample.root.path + "/") }
                        if !inside || folder.train.isEmpty { complaints.append("\(folder)") }
                    } catch {
                        if !error.description.contains(sample.root.path) { complaints.append(error.description) }
                    }
                }
                try Data(whole).write(to: sample.url(file))
            }
            return complaints
        }
        #expect(complaints == [])
    }
}
