import Foundation

/// ISIC 2018 task 3 as its archive unpacks: a folder of images and a table of diagnoses for training and test each. Nevi
/// (`NV`) are normal; of the training images only they are taken.
struct ISICReader {
    /// A part's folder of images and its table.
    static let parts: [(images: String, table: String)] = ["Training", "Test"].map {
        ("ISIC2018_Task3_\($0)_Input", "ISIC2018_Task3_\($0)_GroundTruth/ISIC2018_Task3_\($0)_GroundTruth.csv")
    }

    let tree: FolderTree

    /// - Throws: ``DatasetError`` when a table cannot be read.
    func read() throws(DatasetError) -> FolderContents {
        var contents = FolderContents()
        for (images, _) in Self.parts where tree.kind(images) != .folder {
            throw DatasetError("there is no folder '\(tree.path(images))'\(tree.caseHint(for: images, in: ".")); unpack ISIC's archive there")
        }
        let training = try rows(of: Self.parts[0].table)
        contents.train = entries(training.filter(\.isNevus), Self.parts[0].images, isAbnormal: false, &contents)
        let test = try rows(of: Self.parts[1].table)
        contents.normal = entries(test.filter(\.isNevus), Self.parts[1].images, isAbnormal: false, &contents)
        contents.abnormal = entries(test.filter { !$0.isNevus }, Self.parts[1].images, isAbnormal: true, &contents)
        for (list, part, what) in [
            (contents.train, 0, "nevus (NV = 1)"), (contents.normal, 1, "nevus (NV = 1)"), (contents.abnormal, 1, "other lesion (NV = 0)"),
        ] where list.isEmpty && contents.problems.isEmpty {
            contents.add(.layout, "'\(tree.path(Self.parts[part].table))' lists no \(what); put ISIC's own table there")
        }
        return contents
    }

    private struct Row {
        let image: String
        let isNevus: Bool
    }

    private func rows(of table: String) throws(DatasetError) -> [Row] {
        let file = tree.path(table)
        guard tree.kind(table) != .absent else {
            let folder = (table as NSString).deletingLastPathComponent
            throw DatasetError(
                "there is no '\(file)'\(tree.caseHint(for: (table as NSString).lastPathComponent, in: folder)); unpack ISIC's ground truth there")
        }
        let lines = try CommaTable(file, columns: ["image", "NV"], header: "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC").rows
        var seen: Set<String> = []
        var rows: [Row] = []
        for line in lines {
            let (place, image) = (line.place, line["image"])
            guard !image.isEmpty, !image.contains("/"), image != ".", image != "..", FolderTree.isPlain(image) else {
                throw DatasetError("\(place) names the image '\(image.prefix(200))', which is no name of a file in the folder; remove it")
            }
            guard seen.insert(image).inserted else { throw DatasetError("\(place) lists '\(image)' for the second time; remove one") }
            guard let label = Double(line["NV"]), label == 0 || label == 1 else {
                throw DatasetError("\(place) has '\(line["NV"].prefix(40))' for NV of '\(image)'; write 0 or 1")
            }
            rows.append(Row(image: image, isNevus: label == 1))
        }
        guard !rows.isEmpty else { throw DatasetError("'\(file)' lists no images; put ISIC's own table there") }
        return rows
    }

    private func entries(_ rows: [Row], _ folder: String, isAbnormal: Bool, _ contents: inout FolderContents) -> [ImageEntry] {
        guard tree.isInside(folder) else {
            contents.add(.layout, "'\(tree.path(folder))' is a link out of the data folder; put the folder itself there", file: folder)
            return []
        }
        return rows.map(\.image).sorted().compactMap { image in
            let name = "\(folder)/\(image).jpg"
            switch tree.kind(name) {
            case .file: return ImageEntry(name: name, path: tree.url(name), isAbnormal: isAbnormal, masks: [])
            case .absent:
                let hint = tree.caseHint(for: "\(image).jpg", in: folder)
                contents.add(.missingImage, "the table lists '\(image)', but there is no '\(tree.path(name))'\(hint); unpack it again", file: name)
            case .folder, .other:
                contents.add(.unreadable, "'\(tree.path(name))' is not a file; put the image itself there", file: name)
            }
            return nil
        }
    }
}
