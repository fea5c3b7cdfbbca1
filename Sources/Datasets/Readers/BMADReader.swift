import Foundation

/// The layout of BMAD's six sets (Bao et al., 2024): `train/good`, and in `test` the classes `good` and `Ungood`, each with its images in
/// `img` and, where there are any, masks of the same names in `label` (`anomaly_mask` in a later release). `valid` is laid out alike and not
/// used.
struct BMADReader {
    let tree: FolderTree

    /// Whether a folder's test images lie as BMAD has them.
    static func fits(_ tree: FolderTree) -> Bool {
        ["test/good/img", "test/Ungood/img"].contains { tree.kind($0) == .folder }
    }

    func read() -> FolderContents {
        var contents = FolderContents()
        contents.train = tree.requiredImages(in: images("train/good"), &contents).map { entry($0) }
        contents.normal = tree.requiredImages(in: images("test/good"), &contents).map { entry($0) }
        let masks = ["test/Ungood/label", "test/Ungood/anomaly_mask"].first { tree.kind($0) == .folder }
        contents.abnormal = tree.requiredImages(in: images("test/Ungood"), &contents).map { image in
            entry(image, isAbnormal: true, masks: masks.flatMap { mask(of: image, in: $0, &contents) }.map { [$0] } ?? [])
        }
        if let masks { contents.warnings += UnmatchedMasks(tree, in: masks, of: contents.abnormal).warnings }
        return contents
    }

    /// Some sets have the images of a class right in its folder.
    private func images(_ folder: String) -> String { tree.kind("\(folder)/img") == .folder ? "\(folder)/img" : folder }

    private func mask(of image: String, in folder: String, _ contents: inout FolderContents) -> String? {
        let base = ((image as NSString).lastPathComponent as NSString).deletingPathExtension
        let mask = "\(folder)/\(base).png"
        if tree.kind(mask) == .file { return mask }
        let hint = tree.caseHint(for: "\(base).png", in: folder)
        contents.add(
            .missingMask, "the image '\(tree.path(image))' has no mask '\(tree.path(mask))'\(hint); add it, or take '\(folder)' away to go without masks",
            file: image)
        return nil
    }

    private func entry(_ name: String, isAbnormal: Bool = false, masks: [String] = []) -> ImageEntry {
        ImageEntry(name: name, path: tree.url(name), isAbnormal: isAbnormal, masks: masks.map(tree.url))
    }
}
