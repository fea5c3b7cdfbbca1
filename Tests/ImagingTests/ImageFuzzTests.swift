import Foundation
import TestSupport
import Testing

@testable import Imaging

/// Whatever the bytes are, a reader returns an image or a volume, or throws.
@Suite struct ImageFuzzTests {
    @Test(arguments: [
        "small.png", "palette.png", "interlaced.png", "deep.png", "transparent-rgb.png", "bilevel.png", "grey.jpg", "progressive.jpg",
        "cmyk.jpg", "rgb420.jpg", "retina-crop.jpg",
    ])
    func damagedImagesAreReadOrRefused(_ name: String) throws {
        let whole = [UInt8](try Data(contentsOf: #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))))
        var mutation = Mutation(seed: UInt64(name.utf8.count))
        for _ in 0..<400 {
            // Most of the structure is at the beginning.
            let isHead = mutation.choice(below: 2) == 0
            let head = isHead ? min(64, whole.count) : whole.count
            let bytes = mutation.damaged(Array(whole[..<head])) + whole[head...]
            do throws(ImagingError) {
                let image = try ImageCodec.decode(bytes, name: "scan-7")
                #expect(image.pixels.count == image.width * image.height * image.channels)
            } catch {
                #expect(error.description.contains("scan-7"))
            }
        }
    }

    @Test(arguments: ["big.nii", "little.nii.gz"]) func damagedVolumesAreReadOrRefused(_ name: String) throws {
        let whole = [UInt8](try Data(contentsOf: #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))))
        var mutation = Mutation(seed: 5)
        for _ in 0..<1500 {
            let isHead = mutation.choice(below: 2) == 0
            let head = isHead ? min(360, whole.count) : whole.count
            let bytes = mutation.damaged(Array(whole[..<head])) + whole[head...]
            do throws(ImagingError) {
                let volume = try NIfTIVolume(bytes, name: "scan-7")
                #expect(volume.values.count == volume.size.x * volume.size.y * volume.size.z)
                _ = volume.slice(.axial, at: volume.size.z - 1, window: 0...100)
                _ = volume.slice(.coronal, at: 0, window: 0...100)
            } catch {
                #expect(error.description.contains("scan-7"))
            }
        }
    }
}
