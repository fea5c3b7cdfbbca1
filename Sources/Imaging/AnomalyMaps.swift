import CZlib
import DurableFiles
import Foundation

/// The anomaly maps of a test set in one file, quantised and compressed.
///
/// All numbers are little-endian. A header of 36 bytes: the text `MSWPMAPS`, the version 1, the number of maps N, rows H,
/// pixels in a row W and bits a pixel (8 or 16), each in 4 bytes, then the lowest and the highest value as 32-bit floats.
/// A zlib stream follows with N maps of H × W codes, row by row from the top; of 16-bit codes first the upper bytes of a
/// map, then the lower, since like bytes compress better side by side. A pixel is
/// lowest + code / (2^bits - 1) · (highest - lowest).
public struct AnomalyMaps: Sendable, Hashable {
    /// N: number of maps.
    public let count: Int
    /// H: rows.
    public let height: Int
    /// W: pixels in a row.
    public let width: Int
    /// Scores of pixels, `[N, H, W]`, higher is more abnormal.
    public let values: [Float]

    /// The most pixels of all maps together that are written and read: 1 GiB of them in memory.
    public static let pixelLimit = 1 << 28
    private static let magic = Array("MSWPMAPS".utf8)
    private static let headerSize = 36

    /// Maps of given values, `count * height * width` of them.
    public init(count: Int, height: Int, width: Int, values: [Float]) {
        precondition(values.count == count * height * width, "the values fill the maps")
        self.count = count
        self.height = height
        self.width = width
        self.values = values
    }

    // MARK: Writing

    /// How finely values are kept.
    public enum Depth: Int, Sendable, CaseIterable {
        case eight = 8
        case sixteen = 16
    }

    /// The file's bytes. One map at a time is quantised, so that beside the result no more is in memory.
    /// - Throws: ``ImagingError`` when a value is not finite, or there are too many.
    public func encoded(depth: Depth = .sixteen) throws(ImagingError) -> Data {
        guard values.count <= AnomalyMaps.pixelLimit else {
            throw ImagingError("\(values.count) pixels of anomaly maps are more than a file holds; score at a smaller input size")
        }
        var (low, high) = (Float.infinity, -Float.infinity)
        for value in values {
            guard value.isFinite else { throw ImagingError("an anomaly map has the value \(value), which cannot be kept") }
            low = min(low, value)
            high = max(high, value)
        }
        if values.isEmpty { (low, high) = (0, 0) }
        var data = Data(AnomalyMaps.magic)
        for word in [1, UInt32(count), UInt32(height), UInt32(width), UInt32(depth.rawValue), low.bitPattern, high.bitPattern] {
            withUnsafeBytes(of: word.littleEndian) { data.append(contentsOf: $0) }
        }
        let most = Double((1 << depth.rawValue) - 1)
        let scale = high > low ? most / (Double(high) - Double(low)) : 0
        let size = width * height
        var codes = [UInt8](repeating: 0, count: size * depth.rawValue / 8)
        var stream = try Deflation()
        for map in 0..<count {
            for place in 0..<size {
                let code = UInt16(((Double(values[map * size + place]) - Double(low)) * scale).rounded())
                if depth == .sixteen {
                    codes[place] = UInt8(code >> 8)
                    codes[size + place] = UInt8(code & 255)
                } else {
                    codes[place] = UInt8(code)
                }
            }
            stream.add(codes, to: &data)
        }
        stream.finish(to: &data)
        return data
    }

    /// Writes the file in whole or not at all.
    /// - Throws: ``ImagingError``; `FileError` that names the file.
    public func write(to file: URL, depth: Depth = .sixteen) throws {
        try DurableFile.write(encoded(depth: depth), to: file)
    }

    // MARK: Reading

    /// Reads a file.
    /// - Throws: ``ImagingError`` that names the file.
    public init(_ file: URL) throws(ImagingError) {
        try self.init(LimitedFile.read(file, limit: 1 << 30, what: "anomaly maps"), name: file.path)
    }

    /// Reads a file's bytes, whatever they are.
    /// - Parameter name: what to call the file in messages.
    /// - Throws: ``ImagingError`` that names it.
    public init(_ bytes: [UInt8], name: String) throws(ImagingError) {
        func broken(_ reason: String) -> ImagingError { ImagingError("'\(name)' holds no anomaly maps: \(reason)") }
        guard bytes.count >= AnomalyMaps.headerSize, bytes.starts(with: AnomalyMaps.magic) else {
            throw broken("it does not begin as such a file does")
        }
        func word(_ index: Int) -> UInt32 {
            UInt32(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8 + 4 * index, as: UInt32.self) })
        }
        guard word(0) == 1 else { throw broken("its version \(word(0)) is not read; update medsweep") }
        guard let depth = Depth(rawValue: Int(word(4))) else { throw broken("it has \(word(4)) bits a pixel instead of 8 or 16") }
        let (count, height, width) = (Int(word(1)), Int(word(2)), Int(word(3)))
        // Each may be as large as 2^32 - 1, so a product of two may not fit.
        guard count >= 0, height > 0, width > 0, max(count, height, width) <= AnomalyMaps.pixelLimit,
            height * width <= AnomalyMaps.pixelLimit, count * height * width <= AnomalyMaps.pixelLimit
        else { throw broken("\(count) maps of \(width) × \(height) pixels are none, or more than is read") }
        let pixels = count * height * width
        let (low, high) = (Float(bitPattern: word(5)), Float(bitPattern: word(6)))
        guard low.isFinite, high.isFinite, low <= high else { throw broken("its values range from \(low) to \(high)") }
        // Deflate packs no more than 1032 bytes into one; what claims more would take memory for nothing.
        let packed = bytes.count - AnomalyMaps.headerSize
        let size = height * width * depth.rawValue / 8
        guard size * count <= packed * 1032 else { throw broken("it ends before its last map") }
        var values: [Float] = []
        values.reserveCapacity(pixels)
        let step = (Double(high) - Double(low)) / Double((1 << depth.rawValue) - 1)
        var stream = try Inflation(bytes, from: AnomalyMaps.headerSize)
        var codes = [UInt8](repeating: 0, count: size)
        for _ in 0..<count {
            guard stream.fill(&codes) else { throw broken("it is damaged or ends before its last map") }
            for place in 0..<height * width {
                let code = depth == .sixteen ? Int(codes[place]) << 8 | Int(codes[height * width + place]) : Int(codes[place])
                values.append(min(high, Float(Double(low) + Double(code) * step)))
            }
        }
        guard stream.isAtEnd() else { throw broken("it goes on after its last map") }
        self.init(count: count, height: height, width: width, values: values)
    }
}
