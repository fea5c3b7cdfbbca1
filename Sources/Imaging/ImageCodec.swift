import CPNG
import CTurboJPEG
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

    /// Reads a file.
    /// - Throws: ``ImagingError`` that names the file.
    public static func read(_ file: URL) throws(ImagingError) -> Image {
        try decode(LimitedFile.read(file, limit: fileLimit, what: "image"), name: file.path)
    }

    /// Decodes a file's bytes.
    /// - Parameter name: what to call the image in messages.
    /// - Throws: ``ImagingError`` that names it.
    public static func decode(_ bytes: [UInt8], name: String) throws(ImagingError) -> Image {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return try decodePNG(bytes, name: name) }
        if bytes.starts(with: [0xFF, 0xD8]) { return try decodeJPEG(bytes, name: name) }
        throw ImagingError("'\(name)' is neither a PNG nor a JPEG image")
    }

    private static func check(_ width: Int, _ height: Int, name: String) throws(ImagingError) {
        guard width > 0, height > 0, width <= sideLimit, height <= sideLimit, width * height <= pixelLimit else {
            throw ImagingError(
                "the image '\(name)' is \(width) × \(height) pixels; make it smaller: at most \(sideLimit) a side and \(pixelLimit / 1_000_000) megapixels are read")
        }
    }

    // MARK: PNG

    /// Grey stays grey, all else becomes RGB; alpha and transparent colours are dropped. Sixteen bits are cut to the
    /// upper eight, as Pillow does for colour; for grey its conversion clips at 255 instead, which would turn nearly
    /// all of a radiograph white and is not followed.
    private static func decodePNG(_ bytes: [UInt8], name: String) throws(ImagingError) -> Image {
        var header = medsweep_png_header()
        guard medsweep_png_read_header(bytes, bytes.count, &header) == 0 else {
            throw ImagingError("the PNG image '\(name)' is damaged: \(text(of: header))")
        }
        let (width, height) = (Int(header.width), Int(header.height))
        try check(width, height, name: name)
        let channels = Int(header.channels)
        var status: Int32 = 0
        let pixels = [UInt8](unsafeUninitializedCapacity: width * height * channels) { target, count in
            target.initialize(repeating: 0)
            status = medsweep_png_read(bytes, bytes.count, &header, target.baseAddress!)
            count = width * height * channels
        }
        guard status == 0 else { throw ImagingError("the PNG image '\(name)' is damaged: \(text(of: header))") }
        return Image(width: width, height: height, channels: channels, pixels: pixels)
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
        var size = 0
        guard png_image_write_to_memory(&control, nil, &size, 0, image.pixels, 0, nil) != 0 else {
            throw ImagingError("libpng cannot write an image of \(image.width) × \(image.height) pixels")
        }
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

    // MARK: JPEG

    private static func decodeJPEG(_ bytes: [UInt8], name: String) throws(ImagingError) -> Image {
        guard let decoder = tjInitDecompress() else { throw ImagingError("libjpeg-turbo cannot be started") }
        defer { tjDestroy(decoder) }
        func damaged() -> ImagingError {
            ImagingError("the JPEG image '\(name)' is damaged: \(String(cString: tjGetErrorStr2(decoder)))")
        }
        var (width, height, subsampling, colors) = (Int32(0), Int32(0), Int32(0), Int32(0))
        guard tjDecompressHeader3(decoder, bytes, UInt(bytes.count), &width, &height, &subsampling, &colors) == 0 else {
            throw damaged()
        }
        try check(Int(width), Int(height), name: name)
        let isGrey = colors == Int32(TJCS_GRAY.rawValue)
        let isCMYK = colors == Int32(TJCS_CMYK.rawValue) || colors == Int32(TJCS_YCCK.rawValue)
        let format = isGrey ? TJPF_GRAY : isCMYK ? TJPF_CMYK : TJPF_RGB
        let channels = isGrey ? 1 : isCMYK ? 4 : 3
        var status: Int32 = 0
        // A warning, such as a file that ends too early, is a damaged image here. The limit on scans refuses files
        // that are made to keep the decoder busy.
        let flags = Int32(TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS)
        let pixels = [UInt8](unsafeUninitializedCapacity: Int(width * height) * channels) { target, count in
            target.initialize(repeating: 0)
            status = tjDecompress2(
                decoder, bytes, UInt(bytes.count), target.baseAddress!, width, 0, height, Int32(format.rawValue), flags)
            count = Int(width * height) * channels
        }
        guard status == 0 else { throw damaged() }
        if isCMYK { return fromInvertedCMYK(pixels, width: Int(width), height: Int(height)) }
        return Image(width: Int(width), height: Int(height), channels: channels, pixels: pixels)
    }

    /// Adobe's files hold inverted inks, so that a component is its share of white.
    private static func fromInvertedCMYK(_ pixels: [UInt8], width: Int, height: Int) -> Image {
        var rgb: [UInt8] = []
        rgb.reserveCapacity(width * height * 3)
        for index in 0..<width * height {
            let black = Int(pixels[4 * index + 3])
            for channel in 0..<3 { rgb.append(UInt8((Int(pixels[4 * index + channel]) * black + 127) / 255)) }
        }
        return Image(width: width, height: height, channels: 3, pixels: rgb)
    }
}
