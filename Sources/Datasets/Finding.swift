import Crypto
import Foundation
import Imaging

#if canImport(Glibc)
import Glibc
#endif

/// What a thorough look at one image and its mask finds.
struct Finding: Sendable {
    struct Size: Hashable, Sendable {
        let width: Int
        let height: Int
    }

    /// SHA-256 of the file's bytes; `nil` if it cannot be read.
    private(set) var digest: String?
    /// SHA-256 of the mask's bytes.
    private(set) var maskDigest: String?
    /// Size in pixels; `nil` if it cannot be decoded.
    private(set) var size: Size?
    /// Whether its channels differ anywhere.
    private(set) var isColored = false
    /// SHA-256 of size and grey pixels: equal for the same picture in another file format.
    private(set) var picture: String?
    /// Whether the file asks to be turned.
    private(set) var isTurned = false
    /// Whether the mask marks nothing.
    private(set) var isMaskEmpty = false
    /// Whether the file is a link to outside of the data set's folder.
    private(set) var isLinkedOut = false
    private var failures: [(kind: DatasetProblem.Kind, message: String)] = []

    init(_ entry: ImageEntry, orientation: ImageCodec.Orientation, realRoot: String) {
        do throws(ImagingError) {
            let bytes = try ImageCodec.bytes(of: entry.path)
            digest = SHA256.hash(data: bytes).hexadecimal
            let image = try ImageCodec.decode(bytes, name: entry.path.path, orientation: orientation)
            size = Size(width: image.width, height: image.height)
            isColored = image.isColored
            picture = SHA256.hash(data: Data("\(image.width) \(image.height)\n".utf8) + image.grey().pixels).hexadecimal
            isTurned = ExifOrientation.find(in: bytes) > 1
        } catch {
            failures.append((.unreadable, error.description))
        }
        if let mask = entry.mask { look(at: mask, orientation) }
        var status = stat()
        if lstat(entry.path.path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
            isLinkedOut = FolderTree.realPath(entry.path.path).map { !$0.hasPrefix(realRoot + "/") } ?? true
        }
    }

    private mutating func look(at mask: URL, _ orientation: ImageCodec.Orientation) {
        do throws(ImagingError) {
            let bytes = try ImageCodec.bytes(of: mask)
            maskDigest = SHA256.hash(data: bytes).hexadecimal
            let image = try ImageCodec.decodeMask(bytes, name: mask.path, orientation: orientation)
            isMaskEmpty = image.pixels.allSatisfy { $0 == 0 }
            if let size, (size.width, size.height) != (image.width, image.height) {
                failures.append(
                    (.maskSize,
                     "the mask '\(mask.path)' is \(image.width) × \(image.height) pixels and its image \(size.width) × \(size.height); make them alike"))
            }
        } catch {
            failures.append((.unreadable, error.description))
        }
    }

    /// What is wrong with the file at `place`.
    func problems(of place: String) -> [DatasetProblem] {
        failures.map { DatasetProblem($0.kind, $0.message, files: [place]) }
    }
}
