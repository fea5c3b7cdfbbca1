import Foundation
import ImageTransforms
import Imaging
import Testing

/// How many images a core transforms in a second, beside `bench.py` of the folder Fixtures, which does the same with
/// torchvision. Only where TRANSFORM_TIMES is set, and worth something in a release build only.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["TRANSFORM_TIMES"] != nil))
struct TransformTimes {
    private static let side = 224

    /// The same recipes as in `bench.py`.
    private static let recipes: [(name: String, transforms: [ImageTransform])] = {
        let crop = ImageTransform.randomResizedCrop(RandomResizedCrop(size: ImageSize(side: side), scale: 0.2...1))
        let jitter = ImageTransform.colorJitter(ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1))
        let blur = ImageTransform.gaussianBlur(radius: 0.1...2)
        let flip = ImageTransform.horizontalFlip(probability: 0.5)
        return [
            ("crop + jitter + blur + flip", [crop, jitter, blur, flip]), ("crop", [crop]), ("jitter", [jitter]), ("blur", [blur]),
            ("flip", [flip]), ("hue", [.colorJitter(ColorJitter(hue: 0.1))]),
            ("saturation", [.colorJitter(ColorJitter(saturation: 0.4))]), ("contrast", [.colorJitter(ColorJitter(contrast: 0.4))]),
            ("rotation, nearest", [.rotation(degrees: -3...3, interpolation: .nearest)]),
            ("rotation, bilinear", [.rotation(degrees: -30...30, interpolation: .bilinear)]),
        ]
    }()

    /// The astronaut enlarged to the side that is stored.
    private func picture() throws -> Image {
        try Fixture.picture("astronaut").resized(width: Self.side, height: Self.side, filter: .bicubic)
    }

    /// Seconds that this thread has computed, whatever else the machine does.
    private func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func perCore() throws {
        let picture = try picture()
        let stored = ImageBuffer(picture)
        let buffer = ImageBuffer()
        for (name, steps) in Self.recipes {
            let transforms = try TransformSequence(steps)
            var best = Double.infinity
            for round in 0..<5 {
                let start = seconds()
                for index in 0..<200 {
                    var random = RandomStream(seed: 0, epoch: round, image: index, purpose: .transforms)
                    buffer.copy(stored)
                    transforms(buffer, using: &random)
                }
                best = min(best, seconds() - start)
            }
            print("\(name): \(Int(200 / best)) images/s")
        }
    }

    @Test func pipeline() throws {
        let source = try DecodedImages(Array(repeating: picture(), count: 64))
        for threads in [1, 2] {
            let pipeline = try InputPipeline(source: source, configuration: InputPipeline.Configuration(
                size: ImageSize(side: Self.side), batchSize: 32, transforms: TransformSequence(Self.recipes[0].transforms),
                views: [Unchanged(), CutPaste()], seed: 0, threads: threads))
            let order = (0..<1024).map { $0 % 64 }
            let start = ContinuousClock.now
            try pipeline.begin(epoch: 0, order: order)
            while try pipeline.next() != nil {}
            print("pipeline with CutPaste, \(threads) threads: \(Int(1024 / ((ContinuousClock.now - start) / .seconds(1)))) images/s")
        }
    }
}
