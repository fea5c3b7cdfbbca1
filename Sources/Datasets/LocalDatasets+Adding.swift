import Catalogue
import DurableFiles
import Foundation

extension LocalDatasets {
    /// What ``add(_:as:to:)`` did.
    public struct Added: Sendable, Hashable {
        /// The data set's name in sweep files.
        public let name: String
        /// The link in the data folder, or the folder itself if it lies there.
        public let place: URL
        /// Whether it was not known before.
        public let isNew: Bool
    }

    /// - Throws: ``DatasetError`` when a data set cannot be called so.
    public static func checkName(_ name: String) throws(DatasetError) {
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,99}/) != nil else {
            throw DatasetError("a data set cannot be called '\(name)'; use letters, digits, '.', '_' and '-'")
        }
    }

    /// Makes a data set's folder known under a name to everything that looks into a data folder: by a link in it, called
    /// like the study's folder for the study's names (`brain` becomes `BrainTumor`).
    /// - Throws: ``DatasetError`` when the name cannot be one or is taken, or the folder is no whole data set; `FileError`.
    public static func add(_ root: URL, as name: String, to folder: URL) throws -> Added {
        try checkName(name)
        let described = Catalogue.dataset(orFolder: name)
        let dataset = described?.name ?? name
        let set = try ImageFolder.open(root, name: dataset)
        guard let real = FolderTree.realPath(set.root.path) else { throw DatasetError("there is no data folder '\(root.path)'") }
        try DurableFile.makeFolder(folder)
        if let known = try find(in: [folder])[dataset] {
            guard FolderTree.realPath(known.path) == real else {
                throw DatasetError("'\(dataset)' is '\(known.path)' already; take that away first or choose another name")
            }
            return Added(name: dataset, place: known, isNew: false)
        }
        let link = folder.appending(path: described?.folder ?? name)
        guard symlink(real, link.path) == 0 else {
            if errno == EEXIST {
                throw DatasetError("'\(link.path)' is there already and is no data set; take it away first or choose another name")
            }
            throw FileError("make the link", link.path)
        }
        try DurableFile.sync(folder)
        return Added(name: dataset, place: link, isNew: true)
    }
}
