import Foundation
import TestSupport
import Testing

@testable import Imaging

/// Whatever the bytes are, a reader returns an image or a volume, or throws.
@Suite struct ImageFuzzTests {
    @Test(arguments: [
        "small.png", "palette.png", "interlaced.png", "deep.png", "transparent-rgb.png", "bilevel.png", "grey.jpg", "progressive.jpg",
        "cmyk.jpg", "rgb420.jpg", "retina-crop.jpg", "ycck.jpg", "turned6.jpg", "turned6.png", "deep-interlaced.png", "grey2.png", "pixel.jpg",
    ])
    func damagedImagesAreReadOrRefused(_ name: String) async throws {
        let whole = [UInt8](try Data(contentsOf: #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))))
        #expect(try await offPool { Self.damagedImages(whole, seed: UInt64(name.utf8.count)) } == [])
    }

    private static func damagedImages(_ whole: [UInt8], seed: UInt64) -> [String] {
        var mutation = Mutation(seed: seed)
        var complaints: [String] = []
        for _ in 0..<300 {
            // Most of the structure is at the beginning.
            let isHead = mutation.choice(below: 2) == 0
            let head = isHead ? min(64, whole.count) : whole.count
            let bytes = mutation.damaged(Array(whole[..<head])) + whole[head...]
            do throws(ImagingError) {
                let image = try ImageCodec.decode(bytes, name: "scan-7", orientation: .exif)
                if image.pixels.count != image.width * image.height * image.channels { complaints.append("\(image)") }
            } catch {
                if !error.description.contains("scan-7") { complaints.append(error.description) }
            }
        }
        return complaints
    }

    @Test(arguments: ["big.nii", "little.nii.gz"]) func damagedVolumesAreReadOrRefused(_ name: String) async throws {
        let whole = [UInt8](try Data(contentsOf: #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))))
        #expect(try await offPool { Self.damagedVolumes(whole) } == [])
    }

    private static func damagedVolumes(_ whole: [UInt8]) -> [String] {
        var mutation = Mutation(seed: 5)
        var complaints: [String] = []
        for _ in 0..<1000 {
            let isHead = mutation.choice(below: 2) == 0
            let head = isHead ? min(360, whole.count) : whole.count
            let bytes = mutation.damaged(Array(whole[..<head])) + whole[head...]
            do throws(ImagingError) {
                let volume = try NIfTIVolume(bytes, name: "scan-7")
                if volume.values.count != volume.size.x * volume.size.y * volume.size.z { complaints.append("\(volume.size)") }
                _ = volume.slice(.axial, at: volume.size.z - 1, window: 0...100)
                _ = volume.slice(.coronal, at: 0, window: 0...100)
            } catch {
                if !error.description.contains("scan-7") { complaints.append(error.description) }
            }
        }
        return complaints
    }
}
