/// Masks that belong to no abnormal test image, and folders whose names say that masks are in them where none are looked for: either
/// way pixels would silently count as normal.
struct UnmatchedMasks {
    /// What people and tools call a folder of masks.
    private static let words: Set = [
        "mask", "masks", "groundtruth", "groundtruths", "gt", "label", "labels", "annotation", "annotations", "segmentation", "segmentations", "seg",
        "anomalymask", "anomalymasks",
    ]

    /// Relative to the data set's folder.
    private(set) var files: [String] = []
    /// Folders that are not looked into, relative to the data set's folder.
    private(set) var folders: [String] = []
    private let expected: String

    /// - Parameters:
    ///   - folder: where the layout has its masks, relative to the data set's folder.
    ///   - images: those that may have masks.
    ///   - places: folders in which one for masks would be looked for by a person.
    init(_ tree: FolderTree, in folder: String, of images: [ImageEntry], besides places: [String] = [""]) {
        expected = folder
        let used = Set(images.flatMap(\.masks).map(\.path))
        files = tree.files(in: folder).filter { !used.contains(tree.path($0)) }
        for place in places {
            folders += tree.names(in: place.isEmpty ? "." : place).map { place.isEmpty ? $0 : "\(place)/\($0)" }.filter { path in
                let name = path.split(separator: "/").last.map { $0.lowercased().filter(\.isLetter) } ?? ""
                return Self.words.contains(name) && path != folder && !folder.hasPrefix(path + "/") && tree.kind(path) == .folder
            }
        }
    }

    /// One warning for the files and one for the folders, where there are any.
    var warnings: [DatasetProblem] {
        var warnings: [DatasetProblem] = []
        if let first = files.first {
            warnings.append(
                .init(.unmatchedMask,
                      "\(files.count == 1 ? "'\(first)' is" : "\(files.count) files, such as '\(first)', are") no mask of an abnormal test image and passed over; call masks like their images, or take them out",
                      files: files))
        }
        for folder in folders {
            warnings.append(
                .init(.unmatchedMask, "'\(folder)' is not looked into, since masks are expected in '\(expected)'; rename it if it holds masks", files: [folder]))
        }
        return warnings
    }
}

extension FolderTree {
    /// All files below a folder, as names relative to the data set's folder, sorted; links of folders are not followed in circles.
    func files(in folder: String, depth: Int = 4) -> [String] {
        names(in: folder).flatMap { name -> [String] in
            let relative = "\(folder)/\(name)"
            switch kind(relative) {
            case .file: return [relative]
            case .folder where depth > 1: return files(in: relative, depth: depth - 1)
            default: return []
            }
        }
    }
}
