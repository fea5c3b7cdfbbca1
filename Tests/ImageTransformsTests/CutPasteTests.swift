import ImageTransforms
import Imaging
import Testing

/// CutPaste against its restatement in Python, and its draws.
struct CutPasteTests {
    struct Case: Decodable {
        let picture: String
        let sum: UInt32
        let drawn: CutPaste.Drawn
    }

    @Test func equalsTheRestatement() throws {
        let cases = try Fixture.decode([Case].self, "cut_paste.json")
        #expect(cases.count == 36)
        for item in cases {
            let buffer = try ImageBuffer(Fixture.picture(item.picture))
            var labels = [Float](repeating: 0, count: buffer.size.pixels)
            labels.withUnsafeMutableBufferPointer { CutPaste().apply(item.drawn, to: buffer, labels: $0) }
            #expect(Fixture.sum(buffer.image.pixels) == item.sum, "\(item)")
            let drawn = item.drawn
            let rows = drawn.targetY..<drawn.targetY + drawn.size.height
            let columns = drawn.targetX..<drawn.targetX + drawn.size.width
            for y in 0..<buffer.height {
                for x in 0..<buffer.width {
                    #expect(labels[y * buffer.width + x] == (rows.contains(y) && columns.contains(x) ? 1 : 0))
                }
            }
        }
    }

    @Test func rectanglesHaveTheirAreaAndAspect() {
        var random = RandomStream(seed: 4, epoch: 0, image: 0, purpose: .synthesis(view: 0))
        var corners: Set<Int> = []
        for _ in 0..<2000 {
            let drawn = CutPaste().draw(using: &random, size: ImageSize(side: 224))
            let area = Double(drawn.size.pixels) / (224 * 224)
            let aspect = Double(drawn.size.width) / Double(drawn.size.height)
            #expect(area > 0.018 && area < 0.155 && aspect > 0.28 && aspect < 3.5)
            #expect(drawn.sourceX >= 0 && drawn.sourceX + drawn.size.width <= 224 && drawn.sourceY + drawn.size.height <= 224)
            #expect(drawn.targetX >= 0 && drawn.targetX + drawn.size.width <= 224 && drawn.targetY + drawn.size.height <= 224)
            #expect(drawn.adjustments.count == 4)
            corners.insert(drawn.targetX)
        }
        #expect(corners.count > 100)
    }

    @Test func nonsenseIsRefused() {
        for nonsense in [
            CutPaste(area: 0...0.1), CutPaste(area: 0.5...1.5), CutPaste(aspect: -1...1),
            CutPaste(jitter: ColorJitter(brightness: -1...1, contrast: nil, saturation: nil, hue: nil)),
        ] {
            #expect(throws: TransformError.self) { try nonsense.check() }
        }
        #expect(throws: Never.self) { try CutPaste().check() }
    }

    /// The smallest images have room for a pixel.
    @Test func worksOnAnySize() {
        for width in 1...6 {
            for height in 1...6 {
                for channels in [1, 3] {
                    let pixels = (0..<width * height * channels).map { UInt8($0 * 7 % 256) }
                    let buffer = ImageBuffer(Image(width: width, height: height, channels: channels, pixels: pixels))
                    var labels = [Float](repeating: 0, count: width * height)
                    var random = RandomStream(seed: 1, epoch: 0, image: width * 10 + height, purpose: .synthesis(view: 0))
                    let label = labels.withUnsafeMutableBufferPointer { CutPaste()(buffer, partner: nil, labels: $0, using: &random) }
                    #expect(label == 1 && labels.contains(1) && buffer.size == ImageSize(width: width, height: height))
                }
            }
        }
    }
}
