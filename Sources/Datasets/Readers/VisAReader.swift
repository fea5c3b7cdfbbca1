import Foundation

/// An object's folder of VisA (Zou et al., 2022) as the archive unpacks: `Data/Images/Normal` and `Anomaly`, masks in `Data/Masks`, and beside
/// the objects the file `split_csv/1cls.csv`, which says of every image whether it is for training or for test.
struct VisAReader {
    let tree: FolderTree

    /// Whether a folder holds what an object of VisA does.
    static func fits(_ tree: FolderTree) -> Bool { tree.kind("Data/Images/Normal") == .folder }

    /// - Throws: ``DatasetError`` when there is no split to go by.
    func read() throws(DatasetError) -> FolderContents {
        var contents = FolderContents()
        // A link to the folder, as `medsweep data add` makes it, is followed: the split lies beside the folder itself.
        let real = FolderTree.realPath(tree.root.path) ?? tree.root.path
        let (parent, object) = ((real as NSString).deletingLastPathComponent, (real as NSString).lastPathComponent)
        let file = "\(parent)/split_csv/1cls.csv"
        guard FolderTree.kind(path: file) != .absent else {
            throw DatasetError("there is no '\(file)', which says what of VisA's images is for training; unpack VisA's archive as a whole")
        }
        var seen: Set<String> = []
        for row in try CommaTable(file, columns: ["object", "split", "label", "image", "mask"], header: "object,split,label,image,mask").rows
        where row["object"] == object {
            guard ["train", "test"].contains(row["split"]), ["normal", "anomaly"].contains(row["label"]), row["split"] == "test" || row["label"] == "normal" else {
                throw DatasetError("\(row.place) has the split '\(row["split"].prefix(40))' and the label '\(row["label"].prefix(40))'; write train and normal, or test and normal or anomaly")
            }
            let image = try inside(row["image"], object, row.place)
            guard seen.insert(image).inserted else { throw DatasetError("\(row.place) lists '\(image)' for the second time; remove one") }
            let isAbnormal = row["label"] == "anomaly"
            let mask = try row["mask"].isEmpty ? nil : inside(row["mask"], object, row.place)
            guard isThere(image, "image", row.place, &contents), mask.map({ isThere($0, "mask", row.place, &contents) }) ?? true else { continue }
            let entry = ImageEntry(
                name: image, path: tree.url(image), isAbnormal: isAbnormal, masks: isAbnormal ? mask.map { [tree.url($0)] } ?? [] : [])
            if row["split"] == "train" { contents.train.append(entry) } else if isAbnormal { contents.abnormal.append(entry) } else { contents.normal.append(entry) }
        }
        contents.train.sort { $0.name < $1.name }
        contents.normal.sort { $0.name < $1.name }
        contents.abnormal.sort { $0.name < $1.name }
        for (list, what) in [(contents.train, "training"), (contents.normal, "normal test"), (contents.abnormal, "abnormal test")]
        where list.isEmpty && contents.problems.isEmpty {
            contents.add(.layout, "'\(file)' lists no \(what) images of '\(object)'; put VisA's own file there, and call the folder as it does")
        }
        contents.warnings += UnmatchedMasks(tree, in: "Data/Masks", of: contents.abnormal).warnings
        return contents
    }

    /// A file's name relative to the object's folder; none leads out of it.
    private func inside(_ name: String, _ object: String, _ place: String) throws(DatasetError) -> String {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, parts[0] == object, !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), FolderTree.isPlain(name) else {
            throw DatasetError("\(place) names '\(name.prefix(200))', which is no file of '\(object)'; remove it")
        }
        return parts.dropFirst().joined(separator: "/")
    }

    private func isThere(_ name: String, _ what: String, _ place: String, _ contents: inout FolderContents) -> Bool {
        let folder = (name as NSString).deletingLastPathComponent
        switch tree.kind(name) {
        case .file where tree.isInside(folder): return true
        case .file:
            contents.add(.layout, "'\(tree.path(folder))' is a link out of the data folder; put the folder itself there", file: name)
        case .absent:
            let hint = tree.caseHint(for: (name as NSString).lastPathComponent, in: folder)
            contents.add(what == "mask" ? .missingMask : .missingImage, "\(place) names the \(what) '\(tree.path(name))', which is not there\(hint); unpack it again", file: name)
        case .folder, .other:
            contents.add(.unreadable, "'\(tree.path(name))' is not a file; put the \(what) itself there", file: name)
        }
        return false
    }
}
