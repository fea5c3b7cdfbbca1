import DurableFiles
import Foundation
import Imaging
import Synchronization

/// What the training images' samples span: what ``IntensityRule`` goes by. Test images have no say, so that a score depends on no
/// other test image.
struct IntensitySpan: Hashable {
    /// Bits of a sample: 8 or 16.
    var depth: Int
    var low: Int
    var high: Int

    /// - Throws: `ImagingError` that names an image that cannot be read, or is of another depth than the first.
    init(of folder: ImageFolder) throws(ImagingError) {
        let counts = Mutex<SampleHistogram?>(nil)
        _ = try parallelMap(folder.train) { entry throws(ImagingError) in
            let stored = try ImageCodec.stored(ImageCodec.bytes(of: entry.path), name: entry.path.path)
            let histogram = stored.histogram
            let isAlike = counts.withLock { sum in
                if sum == nil { sum = SampleHistogram(depth: stored.depth) }
                guard sum!.depth == stored.depth else { return false }
                sum!.add(histogram)
                return true
            }
            guard isAlike else { throw ImageFolder.mixedDepth(entry.path, folder.options.intensity) }
        }
        guard let counts = counts.withLock({ $0 }) else { throw ImagingError("'\(folder.root.path)' has no training images") }
        depth = counts.depth
        (low, high) = folder.options.intensity == .percentile
            ? (counts.percentile(0.005), counts.percentile(0.995)) : (counts.lowest, counts.highest)
    }

    /// The table of a rule; `nil` for the study's, which needs none.
    func table(_ rule: IntensityRule) -> IntensityTable? {
        switch rule {
        case .study: nil
        case .bits: IntensityTable(depth: depth, bits: max(1, Int.bitWidth - high.leadingZeroBitCount))
        case .range, .percentile: IntensityTable(depth: depth, low: low, high: high)
        }
    }
}

extension ImageFolder {
    /// The table that the images' samples go through; `nil` where the study's rule holds. All training images are decoded for it.
    /// - Throws: `ImagingError` that names an image.
    public func intensityTable() throws(ImagingError) -> IntensityTable? {
        options.intensity == .study ? nil : try IntensitySpan(of: self).table(options.intensity)
    }

    /// As ``intensityTable()``, found once for a content and then kept in the cache.
    func intensityTable(fingerprint: String, cacheDirectory: URL) throws(ImagingError) -> IntensityTable? {
        guard options.intensity != .study else { return nil }
        let file = cacheDirectory.appending(path: "\(fingerprint)-intensity")
        if let bytes = FileManager.default.contents(atPath: file.path), let span = IntensitySpan(String(decoding: bytes, as: UTF8.self)) {
            return span.table(options.intensity)
        }
        let span = try IntensitySpan(of: self)
        // A cache that cannot be written only costs time.
        try? DurableFile.write(Data(span.text.utf8), to: file)
        return span.table(options.intensity)
    }

    /// An image's pixels as jobs see them, before they are resized.
    /// - Parameter table: what ``intensityTable()`` gave.
    /// - Throws: `ImagingError` that names the file.
    public func image(_ entry: ImageEntry, _ table: IntensityTable?) throws(ImagingError) -> Image {
        let stored = try ImageCodec.stored(ImageCodec.bytes(of: entry.path), name: entry.path.path, orientation: options.orientation)
        guard let table else { return stored.image() }
        guard let image = stored.image(table) else { throw Self.mixedDepth(entry.path, options.intensity) }
        return image
    }

    static func mixedDepth(_ file: URL, _ rule: IntensityRule) -> ImagingError {
        ImagingError(
            "'\(file.path)' has not as many bits a sample as the first training image, which \"intensity\": \"\(rule.rawValue)\" needs; convert it")
    }
}

extension IntensitySpan {
    /// `DEPTH LOW HIGH`
    fileprivate var text: String { "\(depth) \(low) \(high)" }

    fileprivate init?(_ text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 3, [8, 16].contains(numbers[0]), numbers[1...].allSatisfy({ (0..<1 << numbers[0]).contains($0) }) else {
            return nil
        }
        (depth, low, high) = (numbers[0], numbers[1], numbers[2])
    }
}
