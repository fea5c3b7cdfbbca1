import DurableFiles
import Foundation
import Imaging

/// Prepares the three data sets of the demo. The same sources give the same files on every machine.
public enum DemoData {
    /// Raised when any image comes out differently.
    static let version = 2

    /// Makes `colin27-axial`, `colin27-coronal` and `ihc-patches` below `folder`; those that are there already are
    /// left alone, and those of an older version are replaced. Each is built beside its place and renamed when it is
    /// complete. A folder of that name that is no demo data set is never touched.
    /// - Parameter progress: what is prepared, images done, images in all.
    /// - Throws: ``DatasetError`` or `ImagingError` that names the source and the package it is in; `FileError`.
    public static func prepare(
        into folder: URL, sources: DemoSources = DemoSources(), progress: (String, Int, Int) -> Void = { _, _, _ in }
    ) throws {
        try DurableFile.makeFolder(folder)
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
        let found = version(of: target)
        if found == version { return }
        guard found != nil || !FileManager.default.fileExists(atPath: target.path) else {
            throw DatasetError("'\(target.path)' is there already and is no demo data set; move it away or choose another folder")
        }
        let set = try make()
        let partial = URL(filePath: DurableFile.temporaryName(for: target))
        do {
            try set.write(to: partial) { progress(name, $0, $1) }
            // An older version of the set makes room.
            if found != nil {
                do {
                    try FileManager.default.removeItem(at: target)
                } catch {
                    throw FileError("replace", target.path, error)
                }
            }
            try DurableFile.publish(partial.path, as: target)
        } catch {
            try? FileManager.default.removeItem(at: partial)
            // Another process may have put the same set there in the meantime.
            if version(of: target) == version { return }
            throw error
        }
    }

    /// The version of the demo data set in a folder; `nil` if there is none.
    private static func version(of folder: URL) -> Int? {
        guard let bytes = FileManager.default.contents(atPath: folder.appending(path: "synthesis.json").path) else { return nil }
        return try? JSONDecoder().decode(DemoSet.Record.self, from: bytes).version
    }
}
