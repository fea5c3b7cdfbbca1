import Foundation
import Imaging

/// The study's `data.json` layout: `data.json` lists the files, `images/` holds them, and, beyond the study's layout, `masks/`
/// may hold a PNG mask of the same base name for an abnormal test image and `"orientation": "exif"` has the images turned.
struct ListReader {
    /// The largest list or table in bytes that is read.
    static let sizeLimit = 256 << 20

    let tree: FolderTree

    private var file: String { tree.path("data.json") }

    /// - Throws: ``DatasetError`` when there is no list to go by.
    func read() throws(DatasetError) -> FolderContents {
        let lists = try lists()
        var contents = FolderContents()
        for (key, label) in lists.otherLabels {
            contents.add(.layout, "'\(file)' has the label \"\(label)\" under \"\(key)\"; only \"0\" is normal and \"1\" abnormal")
        }
        try contents.options.take(lists.options, file: file)
        contents.train = entries(lists.train["0"], "train (\"train\", \"0\")", isAbnormal: false, &contents)
        contents.normal = entries(lists.test["0"], "normal test (\"test\", \"0\")", isAbnormal: false, &contents)
        contents.abnormal = entries(lists.test["1"], "abnormal test (\"test\", \"1\")", isAbnormal: true, &contents)
        contents.warnings += UnmatchedMasks(tree, in: "masks", of: contents.abnormal).warnings
        return contents
    }

    private func lists() throws(DatasetError) -> Lists {
        let bytes = try Self.bytes(of: file, should: "list file names")
        do {
            return try JSONDecoder().decode(Lists.self, from: bytes)
        } catch {
            throw DatasetError("'\(file)' is not the list it should be: \(Self.reason(error, in: bytes))")
        }
    }

    /// The bytes of a list or table.
    static func bytes(of file: String, should: String) throws(DatasetError) -> Data {
        guard FolderTree.kind(path: file) == .file else { throw DatasetError("'\(file)' is not a file; it should \(should)") }
        let size = (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int
        guard size ?? 0 <= sizeLimit else {
            throw DatasetError("'\(file)' has more than \(sizeLimit >> 20) MiB; it should only \(should)")
        }
        guard let bytes = FileManager.default.contents(atPath: file) else { throw DatasetError("cannot read '\(file)'") }
        return bytes
    }

    private func entries(
        _ list: [String]?, _ label: String, isAbnormal: Bool, _ contents: inout FolderContents
    ) -> [ImageEntry] {
        guard let list, !list.isEmpty else {
            contents.add(.layout, "'\(file)' lists no \(label) images; add their names")
            return []
        }
        var seen: Set<String> = []
        var result: [ImageEntry] = []
        for name in list.sorted() {
            guard seen.insert(name).inserted else {
                contents.add(.layout, "'\(file)' lists '\(name)' twice among the \(label) images; remove one", file: "images/\(name)")
                continue
            }
            if let entry = entry(name, isAbnormal: isAbnormal, &contents) { result.append(entry) }
        }
        return result
    }

    private func entry(_ name: String, isAbnormal: Bool, _ contents: inout FolderContents) -> ImageEntry? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), FolderTree.isPlain(name) else {
            contents.add(.layout, "'\(file)' lists '\(name)', which is no name inside images/; remove it")
            return nil
        }
        let image = "images/\(name)"
        guard isFile(image, in: "images", name, &contents) else { return nil }
        let maskName = (name as NSString).deletingPathExtension + ".png"
        let mask = "masks/\(maskName)"
        var hasMask = false
        if isAbnormal {
            switch tree.kind(mask) {
            case .absent: break
            case .file where tree.isInside((mask as NSString).deletingLastPathComponent): hasMask = true
            case .file:
                contents.add(.layout, "'\(tree.path(mask))' lies behind a folder that is a link out of the data folder; put the folder itself there", file: mask)
            case .folder, .other:
                contents.add(.unreadable, "'\(tree.path(mask))' is not a file; put the mask itself there", file: mask)
            }
        }
        return ImageEntry(name: name, path: tree.url(image), isAbnormal: isAbnormal, masks: hasMask ? [tree.url(mask)] : [])
    }

    private func isFile(_ image: String, in folder: String, _ name: String, _ contents: inout FolderContents) -> Bool {
        switch tree.kind(image) {
        case .file:
            // A link of an image is followed, a list's way through linked folders only inside: names are not to lead out.
            if tree.isInside((image as NSString).deletingLastPathComponent) { return true }
            contents.add(
                .layout, "'\(file)' lists '\(name)', which lies behind a folder that is a link out of the data folder; put the folder itself there",
                file: image)
        case .absent:
            let hint = tree.caseHint(for: (image as NSString).lastPathComponent, in: (image as NSString).deletingLastPathComponent)
            contents.add(
                .missingImage, "'\(file)' lists '\(name)', but there is no '\(tree.path(image))'\(hint); add it or remove its name",
                file: image)
        case .folder:
            contents.add(.unreadable, "'\(tree.path(image))' is a folder; put the image itself there", file: image)
        case .other:
            contents.add(.unreadable, "'\(tree.path(image))' is not a file; put the image itself there", file: image)
        }
        return false
    }

    /// `train` may hold other things than lists beside "0" (older releases have `unlabeled`); they are passed over. Other
    /// numbers would be classes, and are not.
    private struct Lists: Decodable {
        var train: [String: [String]] = [:]
        var test: [String: [String]] = [:]
        var options = DatasetOptions.Given()
        /// Numbers other than 0 and 1 that stand for classes.
        var otherLabels: [(key: String, label: String)] = []

        private enum Key: String, CodingKey { case train, test }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            var others: [(key: String, label: String)] = []
            func lists(_ key: Key) throws -> [String: [String]] {
                let labels = try container.nestedContainer(keyedBy: Label.self, forKey: key)
                let numbers = labels.allKeys.map(\.stringValue).filter { Int($0) != nil && $0 != "0" && $0 != "1" }
                others += numbers.sorted().map { (key.stringValue, $0) }
                return try Dictionary(
                    uniqueKeysWithValues: labels.allKeys.filter { $0.stringValue == "0" || $0.stringValue == "1" }
                        .map { ($0.stringValue, try labels.decode([String].self, forKey: $0)) })
            }
            train = try lists(.train)
            test = try lists(.test)
            otherLabels = others
            options = try DatasetOptions.Given(from: decoder)
        }
    }

    /// Any key of an object.
    struct Label: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// What is wrong with a list or a file of options, as the end of a sentence.
    static func reason(_ error: any Error, in bytes: Data) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _): "it lacks \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            DatasetOptions.Given.reason(context.codingPath.last?.stringValue)
                ?? (context.codingPath.isEmpty
                ? "it is no JSON object\(brokenLine(of: bytes).map { ", see line \($0)" } ?? "")"
                : "\(context.codingPath.map { "\"\($0.stringValue)\"" }.joined(separator: ", ")) is not a list of names")
        default: "it is no JSON\(brokenLine(of: bytes).map { ", see line \($0)" } ?? "")"
        }
    }

    /// The line, from 1 on, that broken JSON breaks off in. The decoder does not tell where, the older reader does, in
    /// its message.
    private static func brokenLine(of bytes: Data) -> Int? {
        func line(_ end: Int) -> Int { bytes.prefix(end).count { $0 == UInt8(ascii: "\n") } + 1 }
        do {
            _ = try JSONSerialization.jsonObject(with: bytes)
            return nil
        } catch {
            guard let message = (error as NSError).userInfo["NSDebugDescription"] as? String else { return nil }
            if let place = message.firstMatch(of: /around character (\d+)/), let offset = Int(place.1) { return line(offset) }
            return message.contains("end of file") ? line(bytes.count) : nil
        }
    }
}
