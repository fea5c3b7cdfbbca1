import Foundation

/// MVTec's convention: `train/good`, `test/good`, and a folder in `test` for each kind of defect, whose masks, if there are any, lie
/// in `ground_truth` under the same folder's name and are called `<name>_mask.png` or like the image; MVTec LOCO's images have several, in a
/// folder called like the image. Camelyon16 is the same with the one defect `Ungood` and no masks.
struct DefectFolderReader {
    let tree: FolderTree
    let isCamelyon: Bool

    func read() -> FolderContents {
        var contents = FolderContents()
        // These are anyone's own images, which every viewer shows upright; the study's are taken as its tools do.
        contents.options.orientation = isCamelyon ? .stored : .exif
        contents.train = tree.requiredImages(in: "train/good", &contents).map { entry($0) }
        contents.passedOver += tree.names(in: "train").filter { $0 != "good" }.map { "train/\($0)" }
        contents.normal = tree.requiredImages(in: "test/good", &contents).map { entry($0) }
        let defects = defects(&contents)
        let hasMasks = !isCamelyon && tree.kind("ground_truth") == .folder
        for defect in defects {
            for image in tree.requiredImages(in: "test/\(defect)", &contents) {
                contents.abnormal.append(entry(image, isAbnormal: true, masks: hasMasks ? masks(of: image, defect, &contents) : []))
            }
        }
        if !isCamelyon {
            contents.warnings += UnmatchedMasks(tree, in: "ground_truth", of: contents.abnormal).warnings
        }
        contents.abnormal.sort { $0.name < $1.name }
        return contents
    }

    private func entry(_ name: String, isAbnormal: Bool = false, masks: [String] = []) -> ImageEntry {
        ImageEntry(name: name, path: tree.url(name), isAbnormal: isAbnormal, masks: masks.map(tree.url))
    }

    private func defects(_ contents: inout FolderContents) -> [String] {
        if isCamelyon {
            for name in tree.names(in: "test") where name != "good" && name != "Ungood" && tree.kind("test/\(name)") == .folder {
                // Another spelling is named where the right one is missed.
                if name.lowercased() == "ungood" || name.lowercased() == "good" { continue }
                contents.passedOver.append("test/\(name)")
            }
            return ["Ungood"]
        }
        var defects: [String] = []
        for name in tree.names(in: "test") where name != "good" {
            let relative = "test/\(name)"
            guard tree.kind(relative) == .folder else {
                contents.passedOver.append(relative)
                continue
            }
            if name.lowercased() == "good" {
                if tree.kind("test/good") == .folder {
                    contents.add(.layout, "'\(tree.path(relative))' differs from 'good' in the case of its letters; rename it", file: relative)
                }
                continue
            }
            guard FolderTree.isPlain(name) else {
                contents.add(.layout, "'\(tree.path("test"))' holds a folder whose name has control characters; rename it", file: relative)
                continue
            }
            defects.append(name)
        }
        if defects.isEmpty {
            contents.add(.layout, "there is no folder of abnormal images beside '\(tree.path("test/good"))'; put them into test/<defect>")
        }
        return defects
    }

    private func masks(of image: String, _ defect: String, _ contents: inout FolderContents) -> [String] {
        let folder = "ground_truth/\(defect)"
        let base = ((image as NSString).lastPathComponent as NSString).deletingPathExtension
        let candidates = ["\(base)_mask.png", "\(base).png"]
        if let found = candidates.first(where: { tree.kind("\(folder)/\($0)") == .file }) { return ["\(folder)/\(found)"] }
        if tree.kind("\(folder)/\(base)") == .folder {
            let several = tree.images(in: "\(folder)/\(base)", &contents)
            if !several.isEmpty { return several }
        }
        let hint = tree.kind(folder) == .folder
            ? candidates.map { tree.caseHint(for: $0, in: folder) }.first { !$0.isEmpty } ?? ""
            : tree.caseHint(for: defect, in: "ground_truth")
        let blurred = [".jpg", ".jpeg", "_mask.jpg", "_mask.jpeg"].contains { tree.kind("\(folder)/\(base)\($0)") == .file }
        contents.add(
            .missingMask,
            blurred
                ? "the mask of '\(tree.path(image))' is a JPEG, which blurs its border; save it as '\(tree.path("\(folder)/\(candidates[0])"))'"
                : "the image '\(tree.path(image))' has no mask '\(tree.path("\(folder)/\(candidates[0])"))'\(hint); add it, or take ground_truth away to go without masks",
            file: image)
        return []
    }
}
