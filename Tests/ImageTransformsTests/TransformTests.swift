import Foundation
import ImageTransforms
import Imaging
import Testing

/// Transforms with given parameters against Pillow's and torchvision's results.
struct TransformTests {
    struct Case: Decodable {
        let picture: String
        let transforms: [DrawnTransform]
        let width: Int
        let height: Int
        /// Where the expected pixels begin.
        let offset: Int?
        /// Or their sum.
        let sum: UInt32?
    }

    /// Every pixel is equal, whatever the transform.
    @Test func equalsPillow() throws {
        let cases = try Fixture.decode([Case].self, "cases.json")
        let expected = try Fixture.bytes("expected.bin")
        #expect(cases.count > 900)
        var pictures: [String: Image] = [:]
        for item in cases {
            let picture = try pictures[item.picture] ?? Fixture.picture(item.picture)
            pictures[item.picture] = picture
            let image = TransformSequence.none.apply(item.transforms, to: picture)
            #expect(image.width == item.width && image.height == item.height && image.channels == picture.channels, "\(item)")
            if let offset = item.offset {
                let wanted = expected[offset..<offset + image.pixels.count]
                let worst = zip(image.pixels, wanted).map { abs(Int($0) - Int($1)) }.max() ?? 0
                #expect(worst == 0, "\(item) differs by \(worst)")
            } else {
                #expect(Fixture.sum(image.pixels) == item.sum, "\(item)")
            }
            var size = ImageSize(width: picture.width, height: picture.height)
            for step in item.transforms { size = step.size(after: size) }
            #expect(size == ImageSize(width: image.width, height: image.height), "\(item)")
        }
    }

    struct HueCase: Decodable {
        let blue: UInt8
        let turn: Double
        let sum: UInt32
    }

    /// Eighteen planes through the cube of all colours.
    @Test func turnsAllHues() throws {
        let cases = try Fixture.decode([HueCase].self, "hues.json")
        #expect(cases.count == 18)
        let buffer = ImageBuffer()
        for item in cases {
            var planes: [UInt8] = []
            for y in 0..<256 { for x in 0..<256 { planes += [UInt8(x), UInt8(y), item.blue] } }
            buffer.load(Image(width: 256, height: 256, channels: 3, pixels: planes))
            buffer.adjust(.hue(item.turn))
            #expect(Fixture.sum(buffer.image.pixels) == item.sum, "\(item)")
        }
    }

    /// The ways of `Image` and of the buffer agree.
    @Test func resizesLikeImages() throws {
        for name in ["astronaut", "camera"] {
            let picture = try Fixture.picture(name)
            for filter in Image.Filter.allCases {
                for size in [ImageSize(width: 13, height: 61), ImageSize(width: 48, height: 7), ImageSize(side: 40)] {
                    let image = DrawnTransform.resize(size, filter: filter).apply(to: picture)
                    #expect(image == picture.resized(width: size.width, height: size.height, filter: filter))
                }
            }
            let part = DrawnTransform.crop(x: 3, y: 4, size: ImageSize(side: 9)).apply(to: picture)
            #expect(part == picture.cropped(x: 3, y: 4, width: 9, height: 9))
        }
    }
}
