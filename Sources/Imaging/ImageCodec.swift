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

    /// Reads a mask: grey, where > 0 is marked. Samples of sixteen bits are clipped at 255, as Pillow does, so that a mask
    /// of ones is not lost.
    /// - Throws: ``ImagingError`` that names the file.
    public static func readMask(_ file: URL, orientation: Orientation = .stored) throws(ImagingError) -> Image {
        try decodeMask(bytes(of: file), name: file.path, orientation: orientation)
    }

    /// Decodes a mask's bytes as ``readMask(_:orientation:)`` does.
    public static func decodeMask(
        _ bytes: [UInt8], name: String, orientation: Orientation = .stored
    ) throws(ImagingError) -> Image {
        try decode(bytes, name: name, orientation: orientation, clipsDepth: true).grey()
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
            let header = try pngHeader(bytes, name: file.path, keepsDepth: false)
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
        try decode(bytes, name: name, orientation: orientation, clipsDepth: false)
    }

    private static func decode(
        _ bytes: [UInt8], name: String, orientation: Orientation, clipsDepth: Bool
    ) throws(ImagingError) -> Image {
        let image = switch try kind(of: bytes, name: name) {
        case .png: try decodePNG(bytes, name: name, clipsDepth: clipsDepth)
        case .jpeg: try JPEGDecoder(bytes, name: name).image()
        }
        return orientation == .exif ? image.turned(byExif: ExifOrientation.find(in: bytes)) : image
    }

    private enum Kind { case png, jpeg }

    private static func kind(of bytes: [UInt8], name: String) throws(ImagingError) -> Kind {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return .png }
        if bytes.starts(with: [0xFF, 0xD8]) { return .jpeg }
        throw ImagingError(bytes.isEmpty ? "'\(name)' is empty; put the image there again" : "'\(name)' is neither a PNG nor a JPEG image")
    }

    static func check(_ width: Int, _ height: Int, name: String) throws(ImagingError) {
        guard width > 0, height > 0, width <= sideLimit, height <= sideLimit, width * height <= pixelLimit else {
            throw ImagingError(
                "the image '\(name)' is \(width) × \(height) pixels; make it smaller: at most \(sideLimit) a side and \(pixelLimit / 1_000_000) megapixels are read")
        }
    }

    // MARK: PNG

    /// Grey stays grey, all else becomes RGB; alpha and transparent colours are dropped. Sixteen bits are cut to the
    /// upper eight, as Pillow does for colour; for grey its conversion clips at 255 instead, which would turn nearly
    /// all of a radiograph white and is not followed, except for masks (`clipsDepth`). Stretching each image to its own
    /// range would make the same tissue look different from image to image, and is not done.
    private static func decodePNG(_ bytes: [UInt8], name: String, clipsDepth: Bool) throws(ImagingError) -> Image {
        var header = try pngHeader(bytes, name: name, keepsDepth: clipsDepth)
        let (width, height) = (Int(header.width), Int(header.height))
        let (samples, sampleSize) = (width * height * Int(header.channels), Int(header.sample_size))
        var status: Int32 = 0
        let pixels = [UInt8](unsafeUninitializedCapacity: samples * sampleSize) { target, count in
            target.initialize(repeating: 0)
            status = medsweep_png_read(bytes, bytes.count, &header, target.baseAddress!)
            if sampleSize == 2 {
                for index in 0..<samples { target[index] = target[2 * index] > 0 ? 255 : target[2 * index + 1] }
            }
            count = samples
        }
        guard status == 0 else { throw ImagingError("the PNG image '\(name)' is damaged: \(text(of: header))") }
        return Image(width: width, height: height, channels: Int(header.channels), pixels: pixels)
    }

    private static func pngHeader(_ bytes: [UInt8], name: String, keepsDepth: Bool) throws(ImagingError) -> medsweep_png_header {
        var header = medsweep_png_header()
        header.keeps_depth = keepsDepth ? 1 : 0
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
