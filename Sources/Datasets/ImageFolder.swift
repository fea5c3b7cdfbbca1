import Catalogue
import Foundation
import Imaging

/// A data set on disk, in one of the study's layouts or in MVTec's (``DatasetLayout``).
public struct ImageFolder: Sendable {
    /// The data set's name.
    public let name: String
    /// Where it lies.
    public let root: URL
    /// How it is laid out.
    public let layout: DatasetLayout
    /// How its files are taken. Unless the owner says otherwise, the images' EXIF orientation is followed in anyone's own folders and not in
    /// the study's layouts, since the study's tools pass over it.
    public let options: DatasetOptions
    /// Normal training images, sorted by name.
    public let train: [ImageEntry]
    /// Test images: normal ones sorted by name, then abnormal ones sorted by name.
    public let test: [ImageEntry]

    /// Opens a folder and checks everything but the images' content.
    /// - Parameter name: the data set's name; the catalogue's names, or their folders', tell which layout is expected.
    /// - Throws: ``DatasetError`` that names what is missing or wrong.
    public static func open(_ root: URL, name: String) throws(DatasetError) -> ImageFolder {
        let (folder, contents) = try survey(root, name: name)
        if let first = contents.problems.first { throw DatasetError(first.message) }
        return folder
    }

    /// What is there of a data set, with all that is wrong.
    /// - Throws: ``DatasetError`` when there is nothing to go by.
    static func survey(_ root: URL, name: String) throws(DatasetError) -> (folder: ImageFolder, contents: FolderContents) {
        let tree = FolderTree(root)
        guard FolderTree.kind(path: root.path) == .folder else { throw DatasetError("there is no data folder '\(root.path)'") }
        let layout = try layout(of: tree, name: name)
        var contents = switch layout {
        case .lists: try ListReader(tree: tree).read()
        case .isic: try ISICReader(tree: tree).read()
        case .brats: BraTSReader(tree: tree).read()
        case .camelyon: DefectFolderReader(tree: tree, isCamelyon: true).read()
        case .bmad: BMADReader(tree: tree).read()
        case .visa: try VisAReader(tree: tree).read()
        case .folder: DefectFolderReader(tree: tree, isCamelyon: false).read()
        }
        if layout != .lists {
            try OptionsReader(tree: tree).read(into: &contents.options)
        } else if tree.kind(DatasetOptions.file) != .absent {
            contents.add(.layout, "'\(tree.path(DatasetOptions.file))' is not read beside data.json; write its options into data.json", file: DatasetOptions.file)
        }
        let folder = ImageFolder(
            name: name, root: root, layout: layout, options: contents.options, train: contents.train,
            test: contents.normal + contents.abnormal)
        return (folder, contents)
    }

    /// The layout that is recognised in a folder; `nil` if it is no data set.
    static func layout(in tree: FolderTree, name: String) -> DatasetLayout? {
        if tree.kind("data.json") != .absent { return .lists }
        if ISICReader.parts.contains(where: { tree.kind($0.images) == .folder }) { return .isic }
        if tree.kind("test/tumor") == .folder, tree.kind("test/normal") == .folder { return .brats }
        if VisAReader.fits(tree) { return .visa }
        guard tree.kind("train/good") == .folder else { return nil }
        if Catalogue.dataset(orFolder: name)?.layout == .camelyon { return .camelyon }
        return BMADReader.fits(tree) ? .bmad : .folder
    }

    private static func layout(of tree: FolderTree, name: String) throws(DatasetError) -> DatasetLayout {
        if let layout = layout(in: tree, name: name) { return layout }
        // A set that the catalogue knows is missed by its own layout's parts.
        if let expected = Catalogue.dataset(orFolder: name)?.layout, expected != .lists { return expected }
        // So is one of which half is there.
        let (isTrain, isTest) = (tree.kind("train") == .folder, tree.kind("test") == .folder)
        if isTrain, isTest, tree.kind("test/tumor") == .folder || tree.kind("test/normal") == .folder { return .brats }
        if isTrain, isTest || !tree.caseHint(for: "good", in: "train").isEmpty { return .folder }
        throw DatasetError(
            "the data folder '\(tree.root.path)' has no data.json, which lists {\"train\": {\"0\": [names]}, \"test\": {\"0\": [names], \"1\": [names]}}, and no folders train/good, test/good and test/<defect>\(tree.caseHint(for: "data.json", in: "."))")
    }
}
