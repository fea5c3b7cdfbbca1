import Catalogue
import Crypto
import DurableFiles
import Foundation

/// The data sets that lie below given folders.
public enum LocalDatasets {
    /// Every folder with a `data.json` directly below one of `folders`, by data-set name: the catalogue's name for the
    /// folder's (`BrainTumor` is `brain`), else the folder's own. Of several, the first is taken.
    /// - Throws: ``DatasetError`` that names a folder that cannot be listed.
    public static func find(in folders: [URL]) throws(DatasetError) -> [String: URL] {
        var found: [String: URL] = [:]
        for folder in folders {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
                throw DatasetError("there is no data folder '\(folder.path)'")
            }
            for name in names.sorted() {
                let root = folder.appending(path: name)
                guard FileManager.default.fileExists(atPath: root.appending(path: "data.json").path) else { continue }
                let dataset = Catalogue.datasets.first { $0.folder == name }?.name ?? name
                if found[dataset] == nil { found[dataset] = root }
            }
        }
        return found
    }

    /// The fingerprint of a data set, kept in the cache directory for as long as no file's size or time changes.
    /// - Throws: ``DatasetError`` when the folder is not a whole data set.
    public static func fingerprint(
        of root: URL, name: String, cacheDirectory: URL = defaultCacheDirectory
    ) throws(DatasetError) -> String {
        let folder = try ImageFolder.open(root, name: name)
        var stamp = SHA256()
        for entry in folder.train + folder.test {
            for file in [entry.path] + (entry.mask.map { [$0] } ?? []) {
                var status = stat()
                guard stat(file.path, &status) == 0 else { throw DatasetError("cannot read '\(file.path)'") }
                let line = "\(file.path) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino) \(entry.isAbnormal)\n"
                stamp.update(data: Data(line.utf8))
            }
        }
        stamp.update(data: Data("\(folder.train.count)".utf8))
        let key = stamp.finalize().hexadecimal
        let file = cacheDirectory.appending(path: "fingerprints").appending(path: key)
        if let known = try? String(contentsOf: file, encoding: .utf8), known.count == 64 { return known }
        let fingerprint = try folder.fingerprint()
        // A cache that cannot be written only costs time.
        try? FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? DurableFile.write(Data(fingerprint.utf8), to: file)
        return fingerprint
    }

    /// `$XDG_CACHE_HOME/medsweep`, or `~/.cache/medsweep`.
    public static var defaultCacheDirectory: URL {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        return base.appending(path: "medsweep")
    }
}
