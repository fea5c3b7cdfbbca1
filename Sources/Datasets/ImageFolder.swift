import Foundation

/// A data set on disk in the study's `data.json` layout: `data.json` lists the files, `images/` holds them, and, beyond
/// the study's layout, `masks/` may hold a PNG mask of the same base name for an abnormal test image.
public struct ImageFolder: Sendable {
    /// The data set's name.
    public let name: String
    public let root: URL
    /// Normal training images, sorted by name.
    public let train: [ImageEntry]
    /// Test images: normal ones sorted by name, then abnormal ones sorted by name.
    public let test: [ImageEntry]

    /// Opens a folder and checks everything but the images' content.
    /// - Throws: ``DatasetError`` that names what is missing or wrong.
    public static func open(_ root: URL, name: String) throws(DatasetError) -> ImageFolder {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw DatasetError("there is no data folder '\(root.path)'")
        }
        let file = root.appending(path: "data.json")
        guard let bytes = FileManager.default.contents(atPath: file.path) else {
            throw DatasetError(
                "the data folder '\(root.path)' has no data.json, which lists {\"train\": {\"0\": [names]}, \"test\": {\"0\": [names], \"1\": [names]}}")
        }
        let lists: Lists
        do {
            lists = try JSONDecoder().decode(Lists.self, from: bytes)
        } catch let error as DecodingError {
            throw DatasetError("'\(file.path)' is not the list it should be: \(reason(error))")
        } catch {
            throw DatasetError("'\(file.path)' cannot be read: \(error)")
        }
        func entries(_ list: [String]?, _ label: String, isAbnormal: Bool) throws(DatasetError) -> [ImageEntry] {
            guard let list, !list.isEmpty else {
                throw DatasetError("'\(file.path)' lists no \(label) images; add their names")
            }
            var seen: Set<String> = []
            var result: [ImageEntry] = []
            for name in list.sorted() {
                guard seen.insert(name).inserted else {
                    throw DatasetError("'\(file.path)' lists '\(name)' twice among the \(label) images; remove one")
                }
                result.append(try entry(name, in: root, isAbnormal: isAbnormal))
            }
            return result
        }
        return ImageFolder(
            name: name, root: root, train: try entries(lists.train["0"], "train (\"train\", \"0\")", isAbnormal: false),
            test: try entries(lists.test["0"], "normal test (\"test\", \"0\")", isAbnormal: false)
                + entries(lists.test["1"], "abnormal test (\"test\", \"1\")", isAbnormal: true))
    }

    private static func entry(_ name: String, in root: URL, isAbnormal: Bool) throws(DatasetError) -> ImageEntry {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), !name.contains("\0") else {
            throw DatasetError("'\(root.path)/data.json' lists '\(name)', which is no name inside images/")
        }
        let images = root.appending(path: "images")
        let file = images.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw DatasetError("'\(root.path)/data.json' lists '\(name)', but there is no '\(file.path)'")
        }
        guard file.resolvingSymlinksInPath().path.hasPrefix(images.resolvingSymlinksInPath().path + "/") else {
            throw DatasetError("'\(file.path)' is a link that leads out of images/; put the file itself there")
        }
        let mask = root.appending(path: "masks").appending(path: (name as NSString).deletingPathExtension + ".png")
        let hasMask = isAbnormal && FileManager.default.fileExists(atPath: mask.path)
        return ImageEntry(name: name, path: file, isAbnormal: isAbnormal, mask: hasMask ? mask : nil)
    }

    /// `train` may hold other things than lists beside "0" (older releases have `unlabeled`); they are passed over.
    private struct Lists: Decodable {
        var train: [String: [String]] = [:]
        var test: [String: [String]] = [:]

        private enum Key: String, CodingKey { case train, test }
        private struct Label: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            func lists(_ key: Key) throws -> [String: [String]] {
                let labels = try container.nestedContainer(keyedBy: Label.self, forKey: key)
                return try Dictionary(
                    uniqueKeysWithValues: labels.allKeys.filter { $0.stringValue == "0" || $0.stringValue == "1" }
                        .map { ($0.stringValue, try labels.decode([String].self, forKey: $0)) })
            }
            train = try lists(.train)
            test = try lists(.test)
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): return "it lacks \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(context.codingPath.map { "\"\($0.stringValue)\"" }.joined(separator: ", ")) is not a list of names"
        case .dataCorrupted(let context):
            let cause = (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey] as? String
            return cause ?? "it is not JSON"
        @unknown default: return "it is not JSON"
        }
    }
}

/// One image of a data set.
public struct ImageEntry: Sendable, Hashable {
    /// Relative to `images/`.
    public let name: String
    public let path: URL
    public let isAbnormal: Bool
    /// The mask of an abnormal test image, if there is one; > 0 is abnormal.
    public let mask: URL?
}
