import Foundation
import Imaging

#if canImport(Glibc)
import Glibc
#endif

/// Looks into a data set's folder for the readers: what is where, and whether it stays inside.
final class FolderTree {
    enum Kind {
        case file
        case folder
        /// A pipe, a device or a socket.
        case other
        case absent
    }

    /// The data set's folder.
    let root: URL
    private let path: String
    private var listings: [String: [String]] = [:]
    private var spellings: [String: [String: [String]]] = [:]
    private var insides: [String: Bool] = [:]

    init(_ root: URL) {
        self.root = root
        // A link to a folder is one too, with or without a slash at its end.
        let path = root.path
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The path of something in the folder.
    func path(_ relative: String) -> String { path + "/" + relative }

    func url(_ relative: String) -> URL { URL(filePath: path(relative), directoryHint: .notDirectory) }

    /// What lies there, itself or behind a link, as tools that keep data under version control put it.
    func kind(_ relative: String) -> Kind { Self.kind(path: path(relative)) }

    static func kind(path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .absent }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// The names in a folder, sorted, without hidden and foreign ones; none if there is no such folder.
    func names(in folder: String) -> [String] {
        if let known = listings[folder] { return known }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? [])
            .filter { !ForeignNames.contains($0) }.sorted()
        listings[folder] = names
        return names
    }

    /// A sentence part about a name that is there but for the case of its letters, such as ` ('ungood' differs in the case
    /// of its letters; rename it)`, or nothing.
    func caseHint(for name: String, in folder: String) -> String {
        // Kept, since thousands of names may be missed in one folder.
        let spellings = spellings[folder] ?? Dictionary(grouping: names(in: folder)) { $0.lowercased() }
        self.spellings[folder] = spellings
        guard let other = spellings[name.lowercased()]?.first(where: { $0 != name }) else { return "" }
        return " ('\(other)' differs in the case of its letters; rename it)"
    }

    /// Whether the folder `relative` really lies inside the data set's folder, all links followed.
    func isInside(_ relative: String) -> Bool {
        if let known = insides[relative] { return known }
        let (own, other) = (Self.realPath(path), Self.realPath(path(relative)))
        let isInside = own != nil && other != nil && (other == own || other!.hasPrefix(own! == "/" ? "/" : own! + "/"))
        insides[relative] = isInside
        return isInside
    }

    /// The path with all links followed; `nil` if nothing is there.
    static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Whether a name has no control characters, which have no place in one: a line break would blur the fingerprint's lines.
    static func isPlain(_ name: String) -> Bool {
        name.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    }

    /// The images right in a folder, as names relative to the data set's folder, sorted. Hidden files and those of other
    /// kinds are passed over; what is an image that is not read, or a folder of more, is a problem, since leaving images
    /// out would change numbers without a word.
    func images(in folder: String, _ contents: inout FolderContents) -> [String] {
        var images: [String] = []
        for name in names(in: folder) {
            let relative = folder + "/" + name
            guard Self.isPlain(name) else {
                contents.add(.layout, "'\(path(folder))' holds a file whose name has control characters; rename it", file: relative)
                continue
            }
            let isImage = Self.extensions.contains(Self.lowercasedExtension(of: name))
            switch kind(relative) {
            case .folder:
                contents.add(.layout, "'\(path(relative))' is a folder where images should lie; move its images up or take it out", file: relative)
            case .file where isImage: images.append(relative)
            case .file where Self.otherImages.contains(Self.lowercasedExtension(of: name)):
                contents.add(.unreadable, "'\(path(relative))' is neither PNG nor JPEG; convert it to PNG", file: relative)
            case .absent where isImage:
                contents.add(.missingImage, "'\(path(relative))' is a link that leads nowhere; mend it or take it out", file: relative)
            case .other where isImage:
                contents.add(.unreadable, "'\(path(relative))' is not a file; put the image itself there", file: relative)
            default: contents.passedOver.append(relative)
            }
        }
        return images
    }

    static func lowercasedExtension(of name: String) -> String { (name as NSString).pathExtension.lowercased() }

    private static let extensions: Set = ["png", "jpg", "jpeg"]
    private static let otherImages: Set = [
        "tif", "tiff", "bmp", "gif", "webp", "dcm", "nii", "jp2", "j2k", "pgm", "ppm", "pnm", "heic", "avif", "exr", "npy",
    ]
}

extension FolderTree {
    /// The images of a folder that must be there and hold some.
    func requiredImages(in folder: String, _ contents: inout FolderContents) -> [String] {
        guard kind(folder) == .folder else {
            let (name, parent) = ((folder as NSString).lastPathComponent, (folder as NSString).deletingLastPathComponent)
            let outer = kind(parent.isEmpty ? "." : parent) == .folder
                ? caseHint(for: name, in: parent.isEmpty ? "." : parent) : caseHint(for: parent, in: ".")
            contents.add(.layout, "there is no folder '\(path(folder))'\(outer); put the images there")
            return []
        }
        let before = contents.problems.count
        let images = images(in: folder, &contents)
        if images.isEmpty, contents.problems.count == before {
            // DICOM files, for one, often have no ending.
            let foreign = names(in: folder).lazy.compactMap { name in
                FileKind.foreign(at: self.path("\(folder)/\(name)")).map { " ('\(name)' \($0))" }
            }.first
            contents.add(.layout, "the folder '\(path(folder))' holds no images\(foreign ?? ""); put PNG or JPEG files there")
        }
        return images
    }
}
