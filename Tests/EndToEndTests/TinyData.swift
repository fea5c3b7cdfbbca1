import Foundation
import Imaging

/// A folder of its own for a test, removed at its end, with a small data set in it.
final class Workplace {
    let folder: URL
    /// The folder of data sets; it holds one, `discs`.
    var data: URL { folder.appending(path: "data") }

    init() throws {
        folder = URL.temporaryDirectory.appending(path: "medsweep-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try TinyData.write(to: data.appending(path: "discs"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ text: String, to name: String) throws -> String {
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        return file.path
    }
}

/// A data set of grey discs, each with a dark line at a place of its own, so that none is another's copy; abnormal ones have a bright spot, marked in their masks.
enum TinyData {
    static func write(to root: URL, training: Int = 20, test: Int = 6) throws {
        var lists: [String: [String]] = ["train": [], "normal": [], "abnormal": []]
        for folder in ["images", "masks"] {
            try FileManager.default.createDirectory(
                at: root.appending(path: folder), withIntermediateDirectories: true)
        }
        var line = 0
        for (list, count) in [("train", training), ("normal", test), ("abnormal", test)] {
            for index in 0..<count {
                let name = "\(list)-\(index).png"
                lists[list]!.append(name)
                let (image, mask) = disc(index * 7 + list.count, line: line % 32, spot: list == "abnormal")
                line += 1
                try ImageCodec.writePNG(image, to: root.appending(path: "images/\(name)"))
                if list == "abnormal" { try ImageCodec.writePNG(mask, to: root.appending(path: "masks/\(name)")) }
            }
        }
        let index: [String: [String: [String]]] = [
            "train": ["0": lists["train"]!], "test": ["0": lists["normal"]!, "1": lists["abnormal"]!],
        ]
        try JSONEncoder().encode(index).write(to: root.appending(path: "data.json"))
    }

    private static func disc(_ variant: Int, line: Int, spot: Bool) -> (image: Image, mask: Image) {
        var pixels: [UInt8] = []
        var mask: [UInt8] = []
        for place in 0..<32 * 32 {
            let (row, column) = (Double(place / 32) - 16, Double(place % 32) - 16)
            let radius = 9 + Double(variant % 5)
            let isInside = row * row + column * column < radius * radius
            let isSpot = spot && abs(row - Double(variant % 4)) < 3 && abs(column + 2) < 3
            pixels.append(isSpot ? 250 : place % 32 == line ? 50 : isInside ? UInt8(110 + variant % 30) : 10)
            mask.append(isSpot ? 255 : 0)
        }
        return (
            Image(width: 32, height: 32, channels: 1, pixels: pixels),
            Image(width: 32, height: 32, channels: 1, pixels: mask)
        )
    }
}
