import Catalogue
import Crypto
import DurableFiles
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The data sets that lie below given folders.
public enum LocalDatasets {
    /// Every folder directly below one of `folders` that is laid out as a data set, by data-set name: the catalogue's name
    /// for the folder's (`BrainTumor` is `brain`), else the folder's own. Of several, the first is taken.
    /// - Throws: ``DatasetError`` that names a folder that cannot be listed.
    public static func find(in folders: [URL]) throws(DatasetError) -> [String: URL] {
        var found: [String: URL] = [:]
        for folder in folders {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
                throw DatasetError("there is no data folder '\(folder.path)'")
            }
            for name in names.sorted() where !name.hasPrefix(".") {
                let root = folder.appending(path: name)
                let dataset = Catalogue.dataset(orFolder: name)?.name ?? name
                guard found[dataset] == nil, ImageFolder.layout(in: FolderTree(root), name: dataset) != nil else { continue }
                found[dataset] = root
            }
        }
        return found
    }

    /// What a data set is as far as jobs depend on it, kept in the cache directory for as long as no file's size or time changes.
    /// - Throws: ``DatasetError`` when the folder is not a whole data set.
    public static func content(
        of root: URL, name: String, cacheDirectory: URL = defaultCacheDirectory
    ) throws(DatasetError) -> DatasetContent {
        let folder = try ImageFolder.open(root, name: name)
        let stamp = try stamp(of: folder)
        if let known = knownContent(stamp, cacheDirectory) { return known }
        let content = DatasetContent(fingerprint: try folder.fingerprint(), color: folder.color())
        keep(content, stamp: stamp, cacheDirectory: cacheDirectory)
        return content
    }

    /// What a data set is if that was found out before and no file's size or time has changed since.
    /// - Throws: ``DatasetError`` that names a file that is gone.
    public static func knownContent(
        of folder: ImageFolder, cacheDirectory: URL = defaultCacheDirectory
    ) throws(DatasetError) -> DatasetContent? {
        knownContent(try stamp(of: folder), cacheDirectory)
    }

    private static func place(_ stamp: String, _ cacheDirectory: URL) -> URL {
        cacheDirectory.appending(path: "contents").appending(path: stamp)
    }

    private static func knownContent(_ stamp: String, _ cacheDirectory: URL) -> DatasetContent? {
        // `FINGERPRINT COLOUR`
        guard let bytes = FileManager.default.contents(atPath: place(stamp, cacheDirectory).path),
            let match = String(decoding: bytes, as: UTF8.self).wholeMatch(of: /([0-9a-f]{64}) ([a-z]+)/),
            let color = ImageColor(rawValue: String(match.2))
        else { return nil }
        return DatasetContent(fingerprint: String(match.1), color: color)
    }

    /// Keeps what a data set is under its stamp. A cache that cannot be written only costs time.
    static func keep(_ content: DatasetContent, stamp: String, cacheDirectory: URL) {
        let file = place(stamp, cacheDirectory)
        try? FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? DurableFile.write(Data("\(content.fingerprint) \(content.color.rawValue)".utf8), to: file)
    }

    /// A digest of the names, sizes and times of all files, which changes when the content may have changed. It is the same
    /// by whichever link the folder is reached.
    static func stamp(of folder: ImageFolder) throws(DatasetError) -> String {
        let root = folder.root.path
        var lines = "\(folder.train.count) \(folder.orientation.rawValue) \(FolderTree.realPath(root) ?? root)\n"
        for entry in folder.train + folder.test {
            for file in [entry.path] + (entry.mask.map { [$0] } ?? []) {
                var status = stat()
                let path = file.path
                guard stat(path, &status) == 0 else { throw DatasetError("cannot read '\(path)'") }
                lines += "\(path.hasPrefix(root) ? path.dropFirst(root.count) : path[...]) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino) \(entry.isAbnormal)\n"
            }
        }
        return SHA256.hash(data: Data(lines.utf8)).hexadecimal
    }

    /// `$XDG_CACHE_HOME/medsweep`, or `~/.cache/medsweep`.
    public static var defaultCacheDirectory: URL { UserFolders.caches().appending(path: "medsweep", directoryHint: .isDirectory) }
}
