import DurableFiles
import Foundation
import Imaging

/// Where the demo's real images come from.
public struct DemoSources: Sendable {
    /// A skull-stripped T1 volume of the Colin 27 average brain: `ch2better.nii.gz` of Debian's `mricron-data`.
    public var volume = URL(filePath: "/usr/share/mricron/templates/ch2better.nii.gz")
    /// Colon tissue with DAB-stained glands: `ihc.png` of Debian's `python3-skimage`.
    public var histology = URL(filePath: "/usr/lib/python3/dist-packages/skimage/data/ihc.png")

    public init() {}
}

/// Prepares the three data sets of the demo. The same sources give the same files on every machine.
public enum DemoData {
    /// Raised when any image comes out differently.
    static let version = 1

    /// Makes `colin27-axial`, `colin27-coronal` and `ihc-patches` below `folder`; those that are there already are
    /// left alone. Each is built beside its place and renamed when it is complete.
    /// - Parameter progress: what is prepared, images done, images in all.
    /// - Throws: ``DatasetError`` or `ImagingError` that names the source and the package it is in; `FileError`.
    public static func prepare(
        into folder: URL, sources: DemoSources = DemoSources(), progress: (String, Int, Int) -> Void = { _, _, _ in }
    ) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var volume: NIfTIVolume?
        for (name, axis) in [("colin27-axial", NIfTIVolume.Axis.axial), ("colin27-coronal", .coronal)] {
            try prepare(name, into: folder, progress: progress) {
                try require(sources.volume, package: "mricron-data")
                let loaded = try volume ?? NIfTIVolume(sources.volume)
                volume = loaded
                return BrainSlices.images(of: loaded, axis: axis)
            }
        }
        try prepare("ihc-patches", into: folder, progress: progress) {
            try require(sources.histology, package: "python3-skimage")
            return try TissuePatches.images(of: ImageCodec.read(sources.histology).rgb())
        }
    }

    private static func require(_ source: URL, package: String) throws {
        guard FileManager.default.fileExists(atPath: source.path) else {
            throw DatasetError(
                "there is no '\(source.path)'; install Debian's package \(package), or name the file on the command line")
        }
    }

    private static func prepare(
        _ name: String, into folder: URL, progress: (String, Int, Int) -> Void, _ make: () throws -> DemoSet
    ) throws {
        let target = folder.appending(path: name)
        let record = target.appending(path: "synthesis.json")
        if let bytes = FileManager.default.contents(atPath: record.path),
            let old = try? JSONDecoder().decode(DemoSet.Record.self, from: bytes), old.version == version
        {
            return
        }
        let set = try make()
        let partial = URL(filePath: DurableFile.temporaryName(for: target))
        do {
            try set.write(to: partial) { progress(name, $0, $1) }
            // An older version of the set makes room.
            try? FileManager.default.removeItem(at: target)
            try DurableFile.publish(partial.path, as: target)
        } catch {
            try? FileManager.default.removeItem(at: partial)
            throw error
        }
    }
}

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

    /// Writes the `data.json` layout with masks.
    func write(to root: URL, progress: (Int, Int) -> Void) throws {
        for name in ["images", "masks"] {
            try FileManager.default.createDirectory(at: root.appending(path: name), withIntermediateDirectories: true)
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
    }
}
