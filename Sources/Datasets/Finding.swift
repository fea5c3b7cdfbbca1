import Crypto
import Foundation
import Imaging

#if canImport(Glibc)
import Glibc
#endif

/// What a thorough look at one image and its masks finds.
struct Finding: Sendable {
    struct Size: Hashable, Sendable {
        let width: Int
        let height: Int
    }

    /// SHA-256 of the file's bytes; `nil` if it cannot be read.
    private(set) var digest: String?
    /// SHA-256 of each mask's bytes; fewer than there are masks if one cannot be read.
    private(set) var maskDigests: [String] = []
    /// Size in pixels; `nil` if it cannot be decoded.
    private(set) var size: Size?
    /// Whether its channels differ anywhere.
    private(set) var isColored = false
    /// What it shows.
    private(set) var picture: Picture?
    /// The lowest and highest sample of an image of sixteen bits.
    private(set) var deepRange: ClosedRange<Int>?
    /// Whether the file asks to be turned.
    private(set) var isTurned = false
    /// What the masks mark; `nil` without masks, or if one cannot be decoded.
    private(set) var marks: Marks?
    /// Whether the file is a link to outside of the data set's folder.
    private(set) var isLinkedOut = false
    private var failures: [(kind: DatasetProblem.Kind, message: String)] = []

    /// What an image's masks mark together.
    struct Marks: Sendable {
        /// The side to which jobs make images smaller by default.
        static let usualSide = 64

        /// The share of the image's pixels, 0...1.
        fileprivate(set) var share = 0.0
        /// Whether nothing is marked any more at ``usualSide``.
        fileprivate(set) var isLostWhenSmall = false
        /// The mask of most grey levels, if one has more than the two it needs and the threshold matters.
        fileprivate(set) var grey: Grey?
    }

    /// A mask whose marks depend on where the threshold is.
    struct Grey: Sendable {
        /// Different values in the mask.
        let levels: Int
        /// The share of pixels above 0, 0...1.
        let aboveZero: Double
        /// Half of the mask's range: 127, or 32767 of sixteen bits.
        let half: Int
        /// The share of pixels above ``half``.
        let aboveHalf: Double

        /// `nil` for a mask of two values, or of labels of which none is above half.
        fileprivate init?(_ histogram: SampleHistogram) {
            levels = histogram.levels
            half = histogram.highest > 255 ? 32_767 : 127
            (aboveZero, aboveHalf) = (histogram.share(above: 0), histogram.share(above: half))
            guard levels > 2, aboveHalf > 0, aboveHalf < 0.95 * aboveZero else { return nil }
        }
    }

    init(_ entry: ImageEntry, options: DatasetOptions, realRoot: String) {
        do throws(ImagingError) {
            let bytes = try ImageCodec.bytes(of: entry.path)
            digest = SHA256.hash(data: bytes).hexadecimal
            let stored = try ImageCodec.stored(bytes, name: entry.path.path, orientation: options.orientation)
            let image = stored.image()
            size = Size(width: image.width, height: image.height)
            isColored = image.isColored
            picture = Picture(image, isColored: isColored)
            if stored.depth == 16 {
                let histogram = stored.histogram
                deepRange = histogram.lowest...histogram.highest
            }
            isTurned = ExifOrientation.find(in: bytes) > 1
        } catch {
            failures.append((.unreadable, error.description))
        }
        look(at: entry.masks, options)
        var status = stat()
        if lstat(entry.path.path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
            isLinkedOut = FolderTree.realPath(entry.path.path).map { !$0.hasPrefix(realRoot + "/") } ?? true
        }
    }

    private mutating func look(at masks: [URL], _ options: DatasetOptions) {
        guard !masks.isEmpty else { return }
        var found = Marks()
        var marked: [UInt8] = []
        do throws(ImagingError) {
            for file in masks {
                let bytes = try ImageCodec.bytes(of: file)
                maskDigests.append(SHA256.hash(data: bytes).hexadecimal)
                let stored = try ImageCodec.stored(bytes, name: file.path, orientation: options.orientation)
                let mask = stored.marks(above: options.maskThreshold)
                if let size, (size.width, size.height) != (mask.width, mask.height) {
                    failures.append(
                        (.maskSize,
                         "the mask '\(file.path)' is \(mask.width) × \(mask.height) pixels and its image \(size.width) × \(size.height); make them alike"))
                    return
                }
                let grey = options.maskThreshold == 0 ? Grey(stored.maskHistogram) : nil
                if let grey, grey.levels > found.grey?.levels ?? 0 { found.grey = grey }
                marked = marked.isEmpty ? mask.pixels : zip(marked, mask.pixels).map { max($0, $1) }
                if file == masks.last {
                    let whole = Image(width: mask.width, height: mask.height, channels: 1, pixels: marked)
                    let side = Marks.usualSide
                    found.share = Double(marked.count { $0 > 0 }) / Double(marked.count)
                    found.isLostWhenSmall = !whole.resized(width: side, height: side, filter: .nearest).pixels.contains { $0 > 0 }
                }
            }
            marks = found
        } catch {
            failures.append((.unreadable, error.description))
        }
    }

    /// What is wrong with the file at `place`.
    func problems(of place: String) -> [DatasetProblem] {
        failures.map { DatasetProblem($0.kind, $0.message, files: [place]) }
    }
}
