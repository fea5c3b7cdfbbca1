import DurableFiles
import Foundation
import Imaging

/// A prepared data set, in memory.
struct DemoSet {
    struct Item {
        let name: String
        let image: Image
        var mask: Image?
        /// How the image was made, for the record.
        let making: [String: Double]
    }

    /// The file `synthesis.json`.
    struct Record: Codable {
        var version: Int
        var about: String
        /// How each image was made, by file name.
        var images: [String: [String: Double]]
    }

    let about: String
    var train: [Item] = []
    var normal: [Item] = []
    var abnormal: [Item] = []

    /// Writes the `data.json` layout with masks, `synthesis.json` and `README.txt`.
    func write(to root: URL, progress: (Int, Int) -> Void) throws {
        for name in ["images", "masks"] {
            try DurableFile.makeFolder(root.appending(path: name))
        }
        let all = train + normal + abnormal
        for (index, item) in all.enumerated() {
            try ImageCodec.writePNG(item.image, to: root.appending(path: "images/\(item.name)"))
            if let mask = item.mask { try ImageCodec.writePNG(mask, to: root.appending(path: "masks/\(item.name)")) }
            progress(index + 1, all.count)
        }
        let lists: [String: [String: [String]]] = [
            "train": ["0": train.map(\.name)], "test": ["0": normal.map(\.name), "1": abnormal.map(\.name)],
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try DurableFile.write(encoder.encode(lists), to: root.appending(path: "data.json"))
        let record = Record(
            version: DemoData.version, about: about,
            images: Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.making) }))
        try DurableFile.write(encoder.encode(record), to: root.appending(path: "synthesis.json"))
        let text = about + " How each image was made is in synthesis.json.\n"
        try DurableFile.write(Data(text.utf8), to: root.appending(path: "README.txt"))
    }
}
