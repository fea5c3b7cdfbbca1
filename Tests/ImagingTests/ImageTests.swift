import Foundation
import TestSupport
import Testing

@testable import Imaging

/// Decoding, conversion and resizing against Pillow.
struct ImageTests {
    struct Case: Decodable, Sendable {
        let source: String
        let mode: String
        let size: [Int]?
        let filter: String?
        let expected: String
        let width: Int
        let height: Int
        /// "exif" when the image is turned upright first.
        let orientation: String?
        /// "mask" when sixteen bits are clipped, as Pillow does.
        let depth: String?
    }

    private static func fixture(_ name: String) throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
    }

    @Test func matchesPillow() throws {
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: Self.fixture("cases.json")))
        #expect(cases.count >= 110)
        for item in cases {
            let file = try Self.fixture(item.source)
            let orientation = ImageCodec.Orientation(rawValue: item.orientation ?? "stored")!
            let stored = try ImageCodec.stored(ImageCodec.bytes(of: file), name: file.path, orientation: orientation)
            var image = item.depth == "mask" ? stored.marks(above: 0) : stored.image()
            let size = try ImageCodec.size(of: file, orientation: orientation)
            #expect(size == (image.width, image.height), "\(item)")
            image = item.mode == "L" ? image.grey() : image.rgb()
            if let size = item.size {
                image = image.resized(width: size[0], height: size[1], filter: item.filter == "nearest" ? .nearest : .bilinear)
            }
            var expected = [UInt8](try Data(contentsOf: Self.fixture(item.expected)))
            if item.depth == "mask" { expected = expected.map { $0 > 0 ? 255 : 0 } }
            #expect(image.width == item.width && image.height == item.height)
            try #require(image.pixels.count == expected.count, "\(item)")
            let worst = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? 0
            // PNG is exact; JPEG decoders may round a coefficient the other way.
            #expect(worst <= (item.source.hasSuffix(".png") ? 0 : 1), "\(item) differs by \(worst)")
        }
    }

    @Test func sixteenBitsKeepTheUpperEight() throws {
        let image = try ImageCodec.read(Self.fixture("deep.png"))
        let expected = (0..<32).map { value -> UInt8 in UInt8((value * 2039 % 65536) / 256) }
        #expect(image.pixels == expected)
    }

    /// A mask of ones in sixteen bits is a mask all the same.
    @Test func deepMasksAreNotLost() throws {
        let file = try Self.fixture("deep-mask.png")
        #expect(try ImageCodec.read(file).pixels.count { $0 > 0 } == 1)
        let stored = try ImageCodec.stored(ImageCodec.bytes(of: file), name: "deep-mask.png")
        #expect(stored.depth == 16)
        #expect(stored.marks(above: 0).pixels.count { $0 > 0 } > 8)
        #expect(stored.marks(above: 65_534).pixels.count { $0 > 0 } < 9)
    }

    /// An orientation that is cut off, loops or makes no sense leaves the image as it is.
    @Test func brokenOrientationsAreNone() throws {
        #expect(ExifOrientation.find(in: []) == 1)
        #expect(ExifOrientation.find(in: [0xFF, 0xD8, 0xFF, 0xE1, 0xFF, 0xFF]) == 1)
        for name in ["turned6.jpg", "turned6.png"] {
            let whole = [UInt8](try Data(contentsOf: Self.fixture(name)))
            #expect(ExifOrientation.find(in: whole) == 6)
            for cut in 0..<whole.count { #expect([1, 6].contains(ExifOrientation.find(in: Array(whole.prefix(cut))))) }
            for place in 0..<min(140, whole.count) {
                for value in [0, 0x7F, 0xFF] as [UInt8] {
                    var damaged = whole
                    damaged[place] = value
                    #expect((1...8).contains(ExifOrientation.find(in: damaged)))
                }
            }
        }
    }

    @Test func pngRoundTrip() throws {
        for name in ["grey.png", "rgb.png"] {
            let image = try ImageCodec.read(Self.fixture(name))
            #expect(try ImageCodec.decode([UInt8](ImageCodec.encodePNG(image)), name: "copy") == image)
        }
    }

    @Test func truncatedFilesAreNamed() throws {
        for name in ["grey.png", "rgb.png", "palette.png", "interlaced.png", "rgb.jpg", "grey.jpg", "progressive.jpg", "retina-crop.jpg"] {
            let whole = [UInt8](try Data(contentsOf: Self.fixture(name)))
            for cut in stride(from: 0, to: whole.count - 16, by: max(1, whole.count / 60)) {
                let error = #expect(throws: ImagingError.self, "\(name) cut at \(cut)") {
                    try ImageCodec.decode(Array(whole.prefix(cut)), name: "scan-7")
                }
                #expect(error?.description.contains("'scan-7'") == true)
            }
        }
    }

    /// Whatever bits are flipped, decoding gives a whole image or says which file is at fault.
    @Test func damagedFilesNeverCrash() throws {
        var random = SplitMix(7)
        var (decoded, refused) = (0, 0)
        func check(_ image: () throws(ImagingError) -> Image) {
            do throws(ImagingError) {
                let image = try image()
                decoded += 1
                #expect(image.width > 0)
                #expect(image.height > 0)
                #expect(image.pixels.count == image.width * image.height * image.channels)
            } catch {
                refused += 1
                #expect(error.description.contains("'damaged'"), "\(error)")
            }
        }
        for name in [
            "grey.png", "alpha.png", "transparent-palette.png", "interlaced.png", "deep-rgb.png", "rgb.jpg", "cmyk.jpg", "ycck.jpg",
            "progressive.jpg", "turned6.jpg", "turned6.png", "deep-mask.png", "palette2.png",
        ] {
            let whole = [UInt8](try Data(contentsOf: Self.fixture(name)))
            for _ in 0..<250 {
                var damaged = whole
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                check { () throws(ImagingError) in try ImageCodec.decode(damaged, name: "damaged", orientation: .exif) }
                check { () throws(ImagingError) in try ImageCodec.stored(damaged, name: "damaged").marks(above: 127) }
            }
        }
        // Some damage is in pixels only, some is not.
        #expect(decoded > 500)
        #expect(refused > 500)
        #expect(decoded + refused == 2 * 13 * 250)
    }

    @Test func otherFilesAndAbsentOnesAreNamed() {
        func sentence(_ bytes: [UInt8]) -> String? {
            let error = #expect(throws: ImagingError.self) { try ImageCodec.decode(bytes, name: "a.png") }
            #expect(error?.kind == .content)
            return error?.description
        }
        let dicom = Array(repeating: 0 as UInt8, count: 128) + Array("DICM".utf8)
        let pointer = Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8)
        #expect(sentence(Array("GIF89a".utf8)) == "'a.png' is a GIF image; convert it to PNG")
        #expect(sentence(dicom) == "'a.png' is a DICOM file; convert it to PNG")
        #expect(sentence([0x49, 0x49, 0x2A, 0, 8, 0, 0, 0]) == "'a.png' is a TIFF image; convert it to PNG")
        #expect(sentence(Array("RIFF\u{4}\0\0\0WEBPVP8 ".utf8)) == "'a.png' is a WebP image; convert it to PNG")
        #expect(sentence(pointer)?.hasSuffix("is a pointer of Git LFS and not the file itself; fetch it with `git lfs pull`") == true)
        #expect(sentence(Array("../.git/annex/objects/x/y".utf8))?.hasSuffix("fetch it with `git annex get`") == true)
        #expect(sentence(Array("\n  <!DOCTYPE html><html>".utf8))?.contains("is a web page") == true)
        #expect(sentence(Array(repeating: 0, count: 300))?.contains("nothing but zeros") == true)
        #expect(sentence([]) == "'a.png' is empty; put the image there again")
        #expect(sentence([1, 2, 3]) == "'a.png' is neither a PNG nor a JPEG image; put the image itself there")
        let error = #expect(throws: ImagingError.self) { try ImageCodec.read(URL(filePath: "/no/such.png")) }
        #expect(error?.description.contains("/no/such.png") == true)
        #expect(error?.kind == .access)
    }

    /// Samples 0, 100, 200 … of sixteen bits: by the upper eight three of them are one pixel, by a table each its own.
    @Test func tablesSpreadDeepSamples() throws {
        let samples = (0..<12).map { $0 * 100 }
        let stored = StoredImage(
            width: 4, height: 3, channels: 1, depth: 16, bytes: samples.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }, turn: 1)
        #expect(stored.image().pixels == [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4])
        let histogram = stored.histogram
        #expect((histogram.lowest, histogram.highest, histogram.levels, histogram.total) == (0, 1100, 12, 12))
        #expect(histogram.percentile(0.5) == 500 && histogram.percentile(1) == 1100 && histogram.percentile(0) == 0)
        #expect(stored.image(IntensityTable(depth: 16, bits: 11))?.pixels == samples.map { UInt8($0 >> 3) })
        #expect(stored.image(IntensityTable(depth: 16, bits: 10))?.pixels.suffix(2) == [250, 255])
        let range = stored.image(IntensityTable(depth: 16, low: 100, high: 1000))?.pixels
        #expect(range == [0, 0, 28, 57, 85, 113, 142, 170, 198, 227, 255, 255])
        #expect(stored.image(IntensityTable(depth: 8, bits: 8)) == nil)
        #expect(stored.marks(above: 250).pixels.count { $0 == 255 } == 9)
    }

    /// What is no regular file is refused, and a pipe does not hold the reader.
    @Test func onlyFilesAreRead() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-imaging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = folder.appending(path: "pipe.png")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        for file in [folder, pipe] {
            let error = #expect(throws: ImagingError.self) { try ImageCodec.read(file) }
            #expect(error?.description.contains("it is not a file") == true)
        }
        // A sparse file of more than the limit is refused by its size, not read.
        let large = folder.appending(path: "large.png")
        #expect(FileManager.default.createFile(atPath: large.path, contents: nil))
        #expect(truncate(large.path, off_t(ImageCodec.fileLimit) + 1) == 0)
        let error = #expect(throws: ImagingError.self) { try ImageCodec.read(large) }
        #expect(error?.description.contains("1024 MiB") == true)
    }

    @Test func writtenFilesAreReadBack() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-imaging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let image = try ImageCodec.read(Self.fixture("ihc-crop.png"))
        try ImageCodec.writePNG(image, to: folder.appending(path: "a.png"))
        #expect(try ImageCodec.read(folder.appending(path: "a.png")) == image)
        // No temporary file is left.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.png"])
    }

    /// A header that promises more than the limits is refused before memory is taken.
    @Test func hugeImagesAreRefused() throws {
        var bytes = [UInt8](try ImageCodec.encodePNG(Image(width: 1, height: 1, channels: 1, pixels: [0])))
        bytes.replaceSubrange(16..<24, with: [0, 0, 0x7F, 0xFF, 0, 0, 0x7F, 0xFF])
        #expect(throws: ImagingError.self) { try ImageCodec.decode(bytes, name: "huge") }
    }

    @Test func contactSheetPlacesTiles() {
        let tile = Image(width: 4, height: 4, channels: 1, pixels: Array(repeating: 200, count: 16))
        let sheet = ContactSheet.make([tile, tile, tile], columns: 2, side: 8)
        #expect(sheet.width == 28 && sheet.height == 28 && sheet.channels == 3)
        #expect(sheet.cropped(x: 4, y: 4, width: 8, height: 8).pixels.allSatisfy { $0 == 200 })
    }
}
