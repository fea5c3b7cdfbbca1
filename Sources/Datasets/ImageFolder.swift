import Foundation

/// A data set on disk in the study's `data.json` layout: `data.json` lists the files, `images/` holds them, and, beyond
/// the study's layout, `masks/` may hold a PNG mask of the same base name for an abnormal test image.
public struct ImageFolder: Sendable {
    /// The data set's name.
    public let name: String
    /// Where it lies.
    public let root: URL
    /// Normal training images, sorted by name.
    public let train: [ImageEntry]
    /// Test images: normal ones sorted by name, then abnormal ones sorted by name.
    public let test: [ImageEntry]

    /// The largest `data.json` in bytes that is read.
    private static let listLimit = 256 << 20

    /// Opens a folder and checks everything but the images' content.
    /// - Throws: ``DatasetError`` that names what is missing or wrong.
    public static func open(_ root: URL, name: String) throws(DatasetError) -> ImageFolder {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw DatasetError("there is no data folder '\(root.path)'")
        }
        let file = root.appending(path: "data.json")
        let size = (try? FileManager.default.attributesOfItem(atPath: file.path))?[.size] as? Int
        guard size ?? 0 <= listLimit else {
            throw DatasetError("'\(file.path)' has more than \(listLimit >> 20) MiB; it should only list file names")
        }
        guard let bytes = FileManager.default.contents(atPath: file.path) else {
            throw DatasetError(
                "the data folder '\(root.path)' has no data.json, which lists {\"train\": {\"0\": [names]}, \"test\": {\"0\": [names], \"1\": [names]}}")
        }
        let lists: Lists
        do {
            lists = try JSONDecoder().decode(Lists.self, from: bytes)
        } catch let error as DecodingError {
            throw DatasetError("'\(file.path)' is not the list it should be: \(reason(error, in: bytes))")
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
        // Control characters have no place in a name, and a line break would blur the fingerprint's lines.
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), isPlain else {
            throw DatasetError("'\(root.path)/data.json' lists '\(name)', which is no name inside images/; remove it")
        }
        let file = root.appending(path: "images").appending(path: name)
        guard try isFile(file) else {
            throw DatasetError("'\(root.path)/data.json' lists '\(name)', but there is no '\(file.path)'; add it or remove its name")
        }
        let mask = root.appending(path: "masks").appending(path: (name as NSString).deletingPathExtension + ".png")
        let hasMask = isAbnormal ? try isFile(mask) : false
        return ImageEntry(name: name, path: file, isAbnormal: isAbnormal, mask: hasMask ? mask : nil)
    }

    /// Whether there is a file, itself or behind a link, as tools that keep data under version control put it.
    private static func isFile(_ file: URL) throws(DatasetError) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder) else { return false }
        guard !isFolder.boolValue else { throw DatasetError("'\(file.path)' is a folder; put the image itself there") }
        return true
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

    private static func reason(_ error: DecodingError, in bytes: Data) -> String {
        switch error {
        case .keyNotFound(let key, _): "it lacks \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "\(context.codingPath.map { "\"\($0.stringValue)\"" }.joined(separator: ", ")) is not a list of names"
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
