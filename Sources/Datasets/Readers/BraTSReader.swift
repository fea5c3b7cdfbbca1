import Foundation

/// The study's BraTS2021: FLAIR slices in `train`, `test/normal` and `test/tumor`, and a mask for each slice with a tumour in
/// `test/annotation`, called like the slice with `seg` for `flair`.
struct BraTSReader {
    let tree: FolderTree

    func read() -> FolderContents {
        var contents = FolderContents()
        contents.train = entries(in: "train", isAbnormal: false, &contents)
        contents.normal = entries(in: "test/normal", isAbnormal: false, &contents)
        contents.abnormal = entries(in: "test/tumor", isAbnormal: true, &contents)
        contents.warnings += UnmatchedMasks(tree, in: "test/annotation", of: contents.abnormal, besides: ["", "test"]).warnings
        return contents
    }

    private func entries(in folder: String, isAbnormal: Bool, _ contents: inout FolderContents) -> [ImageEntry] {
        tree.requiredImages(in: folder, &contents).map { name in
            var mask: URL?
            if isAbnormal {
                let relative = "test/annotation/" + (name as NSString).lastPathComponent.replacing("flair", with: "seg")
                if tree.kind(relative) == .file {
                    mask = tree.url(relative)
                } else {
                    let hint = tree.caseHint(for: (relative as NSString).lastPathComponent, in: "test/annotation")
                    contents.add(
                        .missingMask, "the slice '\(tree.path(name))' has no mask '\(tree.path(relative))'\(hint); add it or take the slice out",
                        file: name)
                }
            }
            return ImageEntry(name: name, path: tree.url(name), isAbnormal: isAbnormal, masks: mask.map { [$0] } ?? [])
        }
    }
}
