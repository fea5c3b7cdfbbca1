import CPNG
import DurableFiles
import Foundation

/// Reads PNG and JPEG, told apart by their first bytes, and writes PNG. Whatever the bytes are, a read returns an
/// image or throws.
public enum ImageCodec {
    /// The largest side in pixels that is read.
    public static let sideLimit = 16_384
    /// The most pixels that are read.
    public static let pixelLimit = 100_000_000
    /// The largest file in bytes that is read: more than an uncompressed image at the other limits takes.
    static let fileLimit = 1 << 30

    /// What is done about a photograph's EXIF orientation.
    public enum Orientation: String, Sendable, Hashable, Codable {
        /// Nothing: the rows as they are stored, which is what the study's tools (Pillow's `open`) give.
        case stored
        /// The image is turned upright, as viewers show it.
        case exif
    }

    /// Reads a file.
    /// - Throws: ``ImagingError`` that names the file.
    public static func read(_ file: URL, orientation: Orientation = .stored) throws(ImagingError) -> Image {
        try decode(bytes(of: file), name: file.path, orientation: orientation)
    }

    /// A file's bytes, as many as an image may have.
    /// - Throws: ``ImagingError`` that names the file.
    public static func bytes(of file: URL) throws(ImagingError) -> [UInt8] {
        try LimitedFile.read(file, limit: fileLimit, what: "image")
    }

    /// The size in pixels of a file's image, of which only the header is decoded.
    /// - Throws: ``ImagingError`` that names the file.
    public static func size(
        of file: URL, orientation: Orientation = .stored
    ) throws(ImagingError) -> (width: Int, height: Int) {
        let bytes = try bytes(of: file)
        let size: (width: Int, height: Int)
        switch try kind(of: bytes, name: file.path) {
        case .png:
            let header = try pngHeader(bytes, name: file.path)
            size = (Int(header.width), Int(header.height))
        case .jpeg:
            let decoder = try JPEGDecoder(bytes, name: file.path)
            size = (decoder.width, decoder.height)
        }
        let isTurned = orientation == .exif && ExifOrientation.find(in: bytes) >= 5
        return isTurned ? (size.height, size.width) : size
    }

    /// Decodes a file's bytes.
    /// - Parameter name: what to call the image in messages.
    /// - Throws: ``ImagingError`` that names it.
    public static func decode(
        _ bytes: [UInt8], name: String, orientation: Orientation = .stored
    ) throws(ImagingError) -> Image {
        try stored(bytes, name: name, orientation: orientation).image()
    }

    /// Decodes a file's bytes to the samples that it stores.
    /// - Parameter name: what to call the image in messages.
    /// - Throws: ``ImagingError`` that names it.
    public static func stored(
        _ bytes: [UInt8], name: String, orientation: Orientation = .stored
    ) throws(ImagingError) -> StoredImage {
        let turn = orientation == .exif ? ExifOrientation.find(in: bytes) : 1
        switch try kind(of: bytes, name: name) {
        case .png: return try decodePNG(bytes, name: name, turn: turn)
        case .jpeg:
            let image = try JPEGDecoder(bytes, name: name).image()
            return StoredImage(
                width: image.width, height: image.height, channels: image.channels, depth: 8, bytes: image.pixels, turn: turn)
        }
    }

    private enum Kind { case png, jpeg }

    private static func kind(of bytes: [UInt8], name: String) throws(ImagingError) -> Kind {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return .png }
        if bytes.starts(with: [0xFF, 0xD8]) { return .jpeg }
        if bytes.isEmpty { throw ImagingError("'\(name)' is empty; put the image there again") }
        throw ImagingError("'\(name)' \(FileKind.foreign(bytes) ?? "is neither a PNG nor a JPEG image; put the image itself there")")
    }

    static func check(_ width: Int, _ height: Int, name: String) throws(ImagingError) {
        guard width > 0, height > 0, width <= sideLimit, height <= sideLimit, width * height <= pixelLimit else {
            throw ImagingError(
                "the image '\(name)' is \(width) × \(height) pixels; make it smaller: at most \(sideLimit) a side and \(pixelLimit / 1_000_000) megapixels are read")
        }
    }

    // MARK: PNG

    /// Grey stays grey, all else becomes RGB; alpha and transparent colours are dropped.
    private static func decodePNG(_ bytes: [UInt8], name: String, turn: Int) throws(ImagingError) -> StoredImage {
        var header = try pngHeader(bytes, name: name)
        let (width, height, channels) = (Int(header.width), Int(header.height), Int(header.channels))
        let size = width * height * channels * Int(header.sample_size)
        var status: Int32 = 0
        let samples = [UInt8](unsafeUninitializedCapacity: size) { target, count in
            target.initialize(repeating: 0)
            status = medsweep_png_read(bytes, bytes.count, &header, target.baseAddress!)
            count = size
        }
        guard status == 0 else { throw ImagingError("the PNG image '\(name)' is damaged: \(text(of: header))") }
        return StoredImage(
            width: width, height: height, channels: channels, depth: 8 * Int(header.sample_size), bytes: samples, turn: turn)
    }

    private static func pngHeader(_ bytes: [UInt8], name: String) throws(ImagingError) -> medsweep_png_header {
        var header = medsweep_png_header()
        guard medsweep_png_read_header(bytes, bytes.count, &header) == 0 else {
            throw ImagingError("the PNG image '\(name)' is damaged: \(text(of: header))")
        }
        try check(Int(header.width), Int(header.height), name: name)
        return header
    }

    private static func text(of header: medsweep_png_header) -> String {
        withUnsafeBytes(of: header.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The image as the bytes of an 8-bit PNG file.
    /// - Throws: ``ImagingError`` when libpng cannot write it.
    public static func encodePNG(_ image: Image) throws(ImagingError) -> Data {
        var control = png_image()
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        control.width = png_uint_32(image.width)
        control.height = png_uint_32(image.height)
        control.format = image.channels == 3 ? png_uint_32(medsweep_png_rgb) : png_uint_32(medsweep_png_grey)
        // The most that it can take: asked for the size itself, libpng would compress the image twice.
        var size = medsweep_png_bound(&control)
        var data = Data(count: size)
        let isWritten = data.withUnsafeMutableBytes {
            png_image_write_to_memory(&control, $0.baseAddress, &size, 0, image.pixels, 0, nil) != 0
        }
        guard isWritten else { throw ImagingError("libpng cannot write an image of \(image.width) × \(image.height) pixels") }
        return data.prefix(size)
    }

    /// Writes the image as a PNG file, in whole or not at all.
    /// - Throws: `FileError` that names the file; ``ImagingError``.
    public static func writePNG(_ image: Image, to file: URL) throws {
        try DurableFile.write(encodePNG(image), to: file)
    }
}
