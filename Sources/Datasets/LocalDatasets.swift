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
    /// for the folder's (`BrainTumor` is `brain`), else the folder's own. Of several, the first is taken (``places(in:)`` has all).
    /// - Throws: ``DatasetError`` that names a folder that cannot be listed.
    public static func find(in folders: [URL]) throws(DatasetError) -> [String: URL] {
        try places(in: folders).mapValues { $0[0] }
    }

    /// As ``find(in:)``, with every place of a name, at least one, in the order of `folders`. One folder that is reached in two ways is one
    /// place.
    /// - Throws: ``DatasetError`` that names a folder that cannot be listed.
    public static func places(in folders: [URL]) throws(DatasetError) -> [String: [URL]] {
        var found: [String: [URL]] = [:]
        for folder in folders {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
                throw DatasetError("there is no data folder '\(folder.path)'; name one that is there and that this user may read")
            }
            for name in names.sorted() where !ForeignNames.contains(name) {
                let root = folder.appending(path: name)
                let dataset = Catalogue.dataset(orFolder: name)?.name ?? name
                guard ImageFolder.layout(in: FolderTree(root), name: dataset) != nil else { continue }
                let real = FolderTree.realPath(root.path)
                guard !found[dataset, default: []].contains(where: { FolderTree.realPath($0.path) == real }) else { continue }
                found[dataset, default: []].append(root)
            }
        }
        return found
    }

    /// One sentence where a name has several places: which is taken and which are not.
    public static func shadowing(_ name: String, _ places: [URL]) -> String? {
        guard places.count > 1 else { return nil }
        let others = places.dropFirst().map { "'\($0.path)'" }.joined(separator: ", ")
        return "the data set '\(name)' is '\(places[0].path)'; \(others) of the same name \(places.count == 2 ? "is" : "are") not looked at; rename one if both are meant"
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

    /// What a check has told of a data set that whoever trains on it should hear, if there was one and no file has changed since; `nil`: it was
    /// not checked.
    /// - Throws: ``DatasetError`` when the folder is not a whole data set.
    public static func knownRemarks(
        of root: URL, name: String, cacheDirectory: URL = defaultCacheDirectory
    ) throws(DatasetError) -> [String]? {
        known(try stamp(of: ImageFolder.open(root, name: name)), cacheDirectory)?.remarks
    }

    private static func place(_ stamp: String, _ cacheDirectory: URL) -> URL {
        cacheDirectory.appending(path: "contents").appending(path: stamp)
    }

    private static func knownContent(_ stamp: String, _ cacheDirectory: URL) -> DatasetContent? { known(stamp, cacheDirectory)?.content }

    /// `FINGERPRINT COLOUR`, and after a check a line `checked` and a line for each remark.
    private static func known(_ stamp: String, _ cacheDirectory: URL) -> (content: DatasetContent, remarks: [String]?)? {
        guard let bytes = FileManager.default.contents(atPath: place(stamp, cacheDirectory).path) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard let match = lines.first?.wholeMatch(of: /([0-9a-f]{64}) ([a-z]+)/), let color = ImageColor(rawValue: String(match.2)) else {
            return nil
        }
        let isChecked = lines.count > 1 && lines[1] == "checked"
        return (DatasetContent(fingerprint: String(match.1), color: color), isChecked ? Array(lines.dropFirst(2)) : nil)
    }

    /// Keeps what a data set is under its stamp. A cache that cannot be written only costs time.
    /// - Parameter remarks: what a check has told; `nil`: there was none.
    static func keep(_ content: DatasetContent, remarks: [String]? = nil, stamp: String, cacheDirectory: URL) {
        let file = place(stamp, cacheDirectory)
        let lines = ["\(content.fingerprint) \(content.color.rawValue)"] + (remarks.map { ["checked"] + $0 } ?? [])
        try? FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? DurableFile.write(Data(lines.joined(separator: "\n").utf8), to: file)
    }

    /// A digest of the names, sizes and times of all files, which changes when the content may have changed. It is the same
    /// by whichever link the folder is reached.
    static func stamp(of folder: ImageFolder) throws(DatasetError) -> String {
        let root = folder.root.path
        var lines = "\(folder.train.count) \(FolderTree.realPath(root) ?? root)\n\(folder.options.fingerprintLines)"
        for entry in folder.train + folder.test {
            for file in [entry.path] + entry.masks {
                var status = stat()
                let path = file.path
                guard stat(path, &status) == 0 else { throw DatasetError("cannot read '\(path)': \(String(cString: strerror(errno))); see that it is there and this user may read it") }
                lines += "\(path.hasPrefix(root) ? path.dropFirst(root.count) : path[...]) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino) \(entry.isAbnormal)\n"
            }
        }
        return SHA256.hash(data: Data(lines.utf8)).hexadecimal
    }

    /// `$XDG_CACHE_HOME/medsweep`, or `~/.cache/medsweep`.
    public static var defaultCacheDirectory: URL { UserFolders.caches().appending(path: "medsweep", directoryHint: .isDirectory) }
}
