import Foundation
import ImageTransforms
import Imaging
import TestSupport
import Testing

/// What is drawn for the transforms, and that whatever is drawn can be applied.
struct DrawingTests {
    private func random(_ image: Int) -> RandomStream { RandomStream(seed: 9, epoch: 0, image: image, purpose: .transforms) }

    private func picture(_ size: ImageSize, channels: Int, seed: UInt64) -> Image {
        var generator = SplitMix(seed)
        return Image(
            width: size.width, height: size.height, channels: channels,
            pixels: (0..<size.pixels * channels).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    private func anyTransform(using generator: inout SplitMix) -> ImageTransform {
        func range(_ low: Double, _ high: Double) -> ClosedRange<Double> {
            let ends = [Double.random(in: low...high, using: &generator), Double.random(in: low...high, using: &generator)].sorted()
            return ends[0]...ends[1]
        }
        func size() -> ImageSize {
            ImageSize(width: Int.random(in: 1...40, using: &generator), height: Int.random(in: 1...40, using: &generator))
        }
        let filter = Image.Filter.allCases.randomElement(using: &generator)!
        let interpolation = Interpolation.allCases.randomElement(using: &generator)!
        switch Int.random(in: 0..<13, using: &generator) {
        case 0: return .centerCrop(size())
        case 1: return .randomCrop(size())
        case 2: return .horizontalFlip(probability: 0.5)
        case 3: return .verticalFlip(probability: 0.5)
        case 4: return .rotation(degrees: range(-500, 500), interpolation: interpolation)
        case 5:
            return .affine(RandomAffine(
                degrees: range(-200, 200), translateX: 0.9, translateY: 0.4, scale: range(0.0001, 30), shearX: range(-89, 89),
                shearY: range(-89, 89), interpolation: interpolation))
        case 6:
            return .colorJitter(ColorJitter(
                brightness: range(0, 5), contrast: range(0, 5), saturation: range(0, 5), hue: range(-0.5, 0.5)))
        case 7: return .randomGrey(probability: 0.5)
        case 8: return .randomResizedCrop(RandomResizedCrop(size: size(), scale: range(0.001, 2), ratio: range(0.1, 10), filter: filter))
        case 9: return .gaussianBlur(radius: range(0, 60))
        case 10: return .resize(size(), filter: filter)
        case 11: return .resizeShortSide(Int.random(in: 1...40, using: &generator), filter: filter)
        default: return .sometimes(.rotation(degrees: range(-30, 30), interpolation: interpolation), probability: 0.7)
        }
    }

    /// Random transforms on random sizes from 1×1 on: none crashes, and sizes are as foretold.
    @Test func anythingGoes() throws {
        var generator = SplitMix(3)
        let buffer = ImageBuffer()
        for round in 0..<4000 {
            var size = ImageSize(width: Int.random(in: 1...40, using: &generator), height: Int.random(in: 1...40, using: &generator))
            let channels = Bool.random(using: &generator) ? 3 : 1
            let image = picture(size, channels: channels, seed: UInt64(round))
            // A long side may grow by repeated resizing of the short one.
            let count = Int.random(in: 1...3, using: &generator)
            let transforms = try TransformSequence((0..<count).map { _ in anyTransform(using: &generator) })
            var stream = random(round)
            let drawn = transforms.draw(using: &stream, size: size)
            for step in drawn { size = step.size(after: size) }
            let result = transforms.apply(drawn, to: image)
            #expect(result.width == size.width && result.height == size.height && result.channels == channels, "\(transforms)")
            // In used memory and drawn on the way the result is the same.
            var again = random(round)
            buffer.load(image)
            transforms(buffer, using: &again)
            #expect(buffer.image == result, "\(transforms)")
            #expect(stream.next() == again.next())
        }
    }

    @Test func cropsLieWhereTheyShould() {
        var stream = random(0)
        #expect(ImageTransform.centerCrop(ImageSize(side: 230)).draw(using: &stream, size: ImageSize(width: 256, height: 301))
            == .crop(x: 13, y: 36, size: ImageSize(side: 230)))
        var corners: Set<[Int]> = []
        for _ in 0..<600 {
            let size = ImageSize(width: 8, height: 4)
            guard case .crop(let x, let y, let part) = ImageTransform.randomCrop(ImageSize(width: 6, height: 6)).draw(using: &stream, size: size)
            else { Issue.record("no crop"); return }
            #expect(part == ImageSize(side: 6))
            corners.insert([x, y])
        }
        #expect(corners == Set((0...2).flatMap { x in (-2...0).map { [x, $0] } }))
    }

    /// torchvision's rule: within the ranges, and the middle if ten tries do not fit.
    @Test func partsHaveTheirAreaAndAspect() {
        var stream = random(0)
        let size = ImageSize(width: 200, height: 150)
        let crop = RandomResizedCrop(size: ImageSize(side: 64), scale: 0.2...0.5)
        for _ in 0..<2000 {
            let (x, y, part) = crop.draw(using: &stream, size: size)
            let area = Double(part.pixels) / Double(size.pixels)
            let aspect = Double(part.width) / Double(part.height)
            #expect(area > 0.19 && area < 0.51 && aspect > 0.73 && aspect < 1.37)
            #expect(x >= 0 && y >= 0 && x + part.width <= 200 && y + part.height <= 150)
        }
        let narrow = RandomResizedCrop(size: ImageSize(side: 8), scale: 0.9...1, ratio: 1...1)
            .draw(using: &stream, size: ImageSize(width: 100, height: 20))
        #expect(narrow == (40, 0, ImageSize(side: 20)))
        let tall = RandomResizedCrop(size: ImageSize(side: 8), scale: 0.9...1, ratio: 0.5...1)
            .draw(using: &stream, size: ImageSize(width: 10, height: 55))
        #expect(tall == (0, 17, ImageSize(width: 10, height: 20)))
    }

    @Test func jitterComesInAnyOrder() {
        var stream = random(0)
        let jitter = ColorJitter(brightness: 0.4, contrast: 2, saturation: 0, hue: 0.1)
        #expect(jitter.contrast == 0...3 && jitter.saturation == nil)
        var orders: Set<String> = []
        for _ in 0..<100 {
            orders.insert(jitter.draw(using: &stream).map { adjustment in
                switch adjustment {
                case .brightness(let value): #expect((0.6...1.4).contains(value)); return "b"
                case .contrast(let value): #expect((0...3).contains(value)); return "c"
                case .saturation: return "s"
                case .hue(let value): #expect((-0.1...0.1).contains(value)); return "h"
                }
            }.joined())
        }
        #expect(orders == ["bch", "bhc", "cbh", "chb", "hbc", "hcb"])
    }

    @Test func transformsAreValues() throws {
        var generator = SplitMix(5)
        for _ in 0..<60 {
            let transforms = try TransformSequence((0..<3).map { _ in anyTransform(using: &generator) })
            #expect(try JSONDecoder().decode(TransformSequence.self, from: JSONEncoder().encode(transforms)) == transforms)
        }
    }

    @Test func nonsenseIsRefused() throws {
        let nonsense: [(ImageTransform, String)] = [
            (.horizontalFlip(probability: 1.5), "1.5"),
            (.randomCrop(ImageSize(width: 0, height: 3)), "0×3"),
            (.gaussianBlur(radius: -1...2), "-1.0...2.0"),
            (.affine(RandomAffine(scale: 0...1)), "0.0...1.0"),
            (.affine(RandomAffine(shearX: 0...90)), "90"),
            (.colorJitter(ColorJitter(brightness: nil, contrast: nil, saturation: nil, hue: -1...0)), "-1.0...0.0"),
            (.randomResizedCrop(RandomResizedCrop(size: ImageSize(side: 3), scale: 0...1)), "scale"),
            (.sometimes(.verticalFlip(probability: 0.5), probability: -1), "-1"),
            (.rotation(degrees: 0...Double.infinity, interpolation: .nearest), "inf"),
        ]
        for (transform, words) in nonsense {
            let error = #expect(throws: TransformError.self) { try TransformSequence([transform]) }
            #expect(error?.description.contains(words) == true)
        }
        let text = #"[{"verticalFlip":{"probability":2}}]"#
        #expect(throws: TransformError.self) { try JSONDecoder().decode(TransformSequence.self, from: Data(text.utf8)) }
    }
}
