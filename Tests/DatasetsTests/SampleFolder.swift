import Foundation
import Imaging

@testable import Datasets

/// A data set's folder of a test's own, in one of the layouts, with a few small images in it.
final class SampleFolder: Sendable {
    let base = URL.temporaryDirectory.appending(path: "medsweep-samples-\(UUID().uuidString)")
    let name: String
    var root: URL { base.appending(path: name) }
    var cache: URL { base.appending(path: "cache") }

    init(_ name: String) throws {
        self.name = name
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: base) }

    static func lists() throws -> SampleFolder {
        let folder = try SampleFolder("own")
        for (index, name) in ["a", "b", "n", "x"].enumerated() { try folder.image("images/\(name).png", shade: index) }
        try folder.text(#"{"train": {"0": ["a.png", "b.png"]}, "test": {"0": ["n.png"], "1": ["x.png"]}}"#, "data.json")
        return folder
    }

    static let trainingTable = "ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv"
    static let testTable = "ISIC2018_Task3_Test_GroundTruth/ISIC2018_Task3_Test_GroundTruth.csv"

    static func isic() throws -> SampleFolder {
        let folder = try SampleFolder("ISIC2018_Task3")
        for number in 1...4 { try folder.photo("ISIC2018_Task3_Training_Input/ISIC_000\(number).jpg") }
        for number in 5...7 { try folder.photo("ISIC2018_Task3_Test_Input/ISIC_000\(number).jpg") }
        try folder.text("by ISIC", "ISIC2018_Task3_Training_Input/LICENSE.txt")
        let header = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\n"
        try folder.text(
            header + "ISIC_0002,0.0,1.0,0.0,0.0,0.0,0.0,0.0\nISIC_0001,0.0,1.0,0.0,0.0,0.0,0.0,0.0\nISIC_0003,1.0,0.0,0.0,0.0,0.0,0.0,0.0\nISIC_0004,0.0,1.0,0.0,0.0,0.0,0.0,0.0\n",
            trainingTable)
        try folder.text(
            header + "ISIC_0005,1.0,0.0,0.0,0.0,0.0,0.0,0.0\nISIC_0006,0.0,1.0,0.0,0.0,0.0,0.0,0.0\nISIC_0007,0.0,0.0,0.0,0.0,0.0,0.0,1.0\n", testTable)
        return folder
    }

    static func camelyon() throws -> SampleFolder {
        let folder = try SampleFolder("Camelyon16")
        for (index, name) in ["train/good/2", "train/good/1", "test/good/1", "test/Ungood/1", "test/Ungood/2"].enumerated() {
            try folder.image("\(name).png", shade: index)
        }
        return folder
    }

    static func brats() throws -> SampleFolder {
        let folder = try SampleFolder("BraTS2021")
        for (index, name) in ["train/p1_flair_1", "train/p1_flair_2", "test/normal/p2_flair_9", "test/tumor/p3_flair_5", "test/tumor/p3_flair_4"]
            .enumerated()
        {
            try folder.image("\(name).png", shade: index)
        }
        for slice in [4, 5] { try folder.mask("test/annotation/p3_seg_\(slice).png", marked: slice) }
        return folder
    }

    /// MVTec's convention, with both ways to call a mask.
    static func mvtec(masks: Bool = true) throws -> SampleFolder {
        let folder = try SampleFolder("carpet")
        for (index, name) in ["train/good/000", "train/good/001", "test/good/000", "test/hole/000", "test/hole/001", "test/cut/000"].enumerated() {
            try folder.image("\(name).png", shade: index)
        }
        if masks {
            try folder.mask("ground_truth/hole/000_mask.png", marked: 3)
            try folder.mask("ground_truth/hole/001.png", marked: 5)
            try folder.mask("ground_truth/cut/000_mask.png", marked: 7)
        }
        return folder
    }

    /// BMAD's layout: masks in `label`, those of normal images all black, and a part `valid` that is not used.
    static func bmad() throws -> SampleFolder {
        let folder = try SampleFolder("RESC")
        let images = ["train/good/0", "train/good/1", "test/good/img/2", "test/Ungood/img/3", "test/Ungood/img/4", "valid/good/img/5", "valid/Ungood/img/6"]
        for (index, name) in images.enumerated() { try folder.image("\(name).png", shade: index) }
        for (name, marked) in [("test/good/label/2", 0), ("test/Ungood/label/3", 3), ("test/Ungood/label/4", 4), ("valid/Ungood/label/6", 5)] {
            try folder.mask("\(name).png", marked: marked)
        }
        return folder
    }

    /// An object of VisA, with the split beside its folder.
    static func visa() throws -> SampleFolder {
        let folder = try SampleFolder("candle")
        var lines = ["object,split,label,image,mask", "cashew,train,normal,cashew/Data/Images/Normal/0000.JPG,"]
        for (index, name) in ["Normal/0000", "Normal/0001", "Normal/0002", "Anomaly/000", "Anomaly/001"].enumerated() {
            try folder.image("Data/Images/\(name).JPG", shade: index)
            let isAbnormal = index > 2
            if isAbnormal { try folder.greyMask("Data/Masks/\(name).png") { $0 < index ? 2 : 0 } }
            lines.append(
                "candle,\(index < 2 ? "train" : "test"),\(isAbnormal ? "anomaly" : "normal"),candle/Data/Images/\(name).JPG,\(isAbnormal ? "candle/Data/Masks/\(name).png" : "")")
        }
        try folder.text(lines.joined(separator: "\n") + "\n", "../split_csv/1cls.csv")
        return folder
    }

    func url(_ path: String) -> URL { root.appending(path: path) }

    private func prepared(_ path: String) throws -> URL {
        let file = url(path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        return file
    }

    func image(_ path: String, shade: Int, width: Int = 12, height: Int = 10) throws {
        let pixels = (0..<width * height).map { UInt8(($0 * 2 + shade * 37) % 256) }
        try ImageCodec.writePNG(Image(width: width, height: height, channels: 1, pixels: pixels), to: prepared(path))
    }

    /// A PNG of sixteen bits a sample, grey, 12 × 10. Written by hand, since the codec writes eight.
    func deepImage(_ path: String, _ samples: (Int) -> Int) throws {
        try PNGFile.grey(width: 12, height: 10, depth: 16, samples).write(to: prepared(path))
    }

    /// A mask of any grey levels.
    func greyMask(_ path: String, width: Int = 12, height: Int = 10, _ pixel: (Int) -> UInt8) throws {
        let pixels = (0..<width * height).map(pixel)
        try ImageCodec.writePNG(Image(width: width, height: height, channels: 1, pixels: pixels), to: prepared(path))
    }

    /// The first `marked` pixels of 12 × 10 are abnormal.
    func mask(_ path: String, marked: Int, width: Int = 12, height: Int = 10) throws {
        let pixels = (0..<width * height).map { UInt8($0 < marked ? 255 : 0) }
        try ImageCodec.writePNG(Image(width: width, height: height, channels: 1, pixels: pixels), to: prepared(path))
    }

    /// A JPEG of 1 × 1 pixel.
    func photo(_ path: String) throws {
        try Data(base64Encoded: Self.tinyJPEG)!.write(to: prepared(path))
    }

    func text(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: prepared(path)) }
    func remove(_ path: String) throws { try FileManager.default.removeItem(at: url(path)) }
    func move(_ path: String, _ other: String) throws { try FileManager.default.moveItem(at: url(path), to: prepared(other)) }

    func replace(_ text: String, with other: String, in path: String) throws {
        let old = try String(contentsOf: url(path), encoding: .utf8)
        precondition(old.contains(text))
        try self.text(old.replacingOccurrences(of: text, with: other), path)
    }

    func open() throws(DatasetError) -> ImageFolder { try ImageFolder.open(root, name: name) }
    func check() throws(DatasetError) -> DatasetCheck { try DatasetCheck.run(root, name: name, cacheDirectory: cache) }

    private static let tinyJPEG =
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APBK/9k="
}
