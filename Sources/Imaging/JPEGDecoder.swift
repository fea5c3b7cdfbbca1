import CTurboJPEG

/// One JPEG file on its way to pixels: its header is read when it is made.
final class JPEGDecoder {
    /// Pixels in a row, within the codec's limits.
    let width: Int
    /// Rows.
    let height: Int
    private let bytes: [UInt8]
    private let name: String
    private let colors: Int32
    private let decoder: tjhandle

    /// - Throws: ``ImagingError`` that names the image, also when it is too large.
    init(_ bytes: [UInt8], name: String) throws(ImagingError) {
        guard let decoder = tjInitDecompress() else { throw ImagingError("libjpeg-turbo cannot be started for '\(name)'; there may be no memory left", kind: .access) }
        var (width, height, subsampling, colors) = (Int32(0), Int32(0), Int32(0), Int32(0))
        do throws(ImagingError) {
            guard tjDecompressHeader3(decoder, bytes, UInt(bytes.count), &width, &height, &subsampling, &colors) == 0 else {
                throw Self.damaged(name, decoder)
            }
            try ImageCodec.check(Int(width), Int(height), name: name)
        } catch {
            tjDestroy(decoder)
            throw error
        }
        self.decoder = decoder
        self.bytes = bytes
        self.name = name
        self.width = Int(width)
        self.height = Int(height)
        self.colors = colors
    }

    deinit { tjDestroy(decoder) }

    private static func damaged(_ name: String, _ decoder: tjhandle) -> ImagingError {
        ImagingError("the JPEG image '\(name)' is damaged: \(String(cString: tjGetErrorStr2(decoder)))")
    }

    /// The pixels: grey stays grey, all else becomes RGB.
    func image() throws(ImagingError) -> Image {
        let isGrey = colors == Int32(TJCS_GRAY.rawValue)
        let isCMYK = colors == Int32(TJCS_CMYK.rawValue) || colors == Int32(TJCS_YCCK.rawValue)
        let format = isGrey ? TJPF_GRAY : isCMYK ? TJPF_CMYK : TJPF_RGB
        let channels = isGrey ? 1 : isCMYK ? 4 : 3
        var status: Int32 = 0
        // A warning, such as a file that ends too early, is a damaged image here. The limit on scans refuses files
        // that are made to keep the decoder busy.
        let flags = Int32(TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS)
        let pixels = [UInt8](unsafeUninitializedCapacity: width * height * channels) { target, count in
            target.initialize(repeating: 0)
            status = tjDecompress2(
                decoder, bytes, UInt(bytes.count), target.baseAddress!, Int32(width), 0, Int32(height), Int32(format.rawValue),
                flags)
            count = width * height * channels
        }
        guard status == 0 else { throw Self.damaged(name, decoder) }
        if isCMYK { return fromInvertedCMYK(pixels) }
        return Image(width: width, height: height, channels: channels, pixels: pixels)
    }

    /// Adobe's files hold inverted inks, so that a component is its share of white. Rounded as Pillow does, which takes
    /// the inks' share of what black leaves from it.
    private func fromInvertedCMYK(_ pixels: [UInt8]) -> Image {
        var rgb: [UInt8] = []
        rgb.reserveCapacity(width * height * 3)
        for index in 0..<width * height {
            let black = Int(pixels[4 * index + 3])
            for channel in 0..<3 {
                let product = (255 - Int(pixels[4 * index + channel])) * black + 128
                rgb.append(UInt8(max(0, black - ((product >> 8) + product) >> 8)))
            }
        }
        return Image(width: width, height: height, channels: 3, pixels: rgb)
    }
}
