import Foundation
import ImageTransforms
import Imaging
import Synchronization
import TestSupport
import Testing

/// Batches are the same whoever makes them and wherever one begins.
struct InputPipelineTests {
    /// What a batch holds, kept.
    struct Copy: Equatable {
        let number: Int
        let positions: Range<Int>
        let pixels: [UInt8]
        let labels: [Float]?
        let classes: [Int64]?

        init(_ batch: InputBatch) {
            number = batch.number
            positions = batch.positions
            pixels = Array(batch.pixels)
            labels = batch.labels.map { Array($0) }
            classes = batch.classes.map { Array($0) }
        }
    }

    /// Half of the partner, for a synthesis that needs one.
    struct Halves: Synthesis {
        var needsPartner: Bool { true }

        func callAsFunction(
            _ image: ImageBuffer, partner: ImageBuffer?, labels: UnsafeMutableBufferPointer<Float>, using random: inout RandomStream
        ) -> Int {
            image.part.copy(partner!, x: 0, y: 0, size: ImageSize(width: image.width, height: image.height / 2))
            image.paste(image.part, x: 0, y: 0)
            for index in 0..<image.size.pixels / 2 { labels[index] = Float(random.unit()) }
            return 2
        }
    }

    private static func images(_ count: Int, channels: Int = 3) throws -> DecodedImages {
        var generator = SplitMix(11)
        return try DecodedImages((0..<count).map { index in
            let (width, height) = (20 + index % 7, 18 + index % 5)
            return Image(
                width: width, height: height, channels: channels,
                pixels: (0..<width * height * channels).map { _ in UInt8.random(in: 0...255, using: &generator) })
        })
    }

    private static func configuration(threads: Int, batchSize: Int = 5, views: [any Synthesis]? = nil) throws -> InputPipeline.Configuration {
        InputPipeline.Configuration(
            size: ImageSize(side: 16), batchSize: batchSize,
            transforms: try TransformSequence([
                .randomResizedCrop(RandomResizedCrop(size: ImageSize(side: 16), scale: 0.3...1)),
                .colorJitter(ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1)),
                .sometimes(.gaussianBlur(radius: 0.1...2), probability: 0.5), .horizontalFlip(probability: 0.5),
            ]),
            views: views ?? [Unchanged(), CutPaste(), Halves()], seed: 77, threads: threads)
    }

    private static func rest(_ pipeline: InputPipeline) throws -> [Copy] {
        var copies: [Copy] = []
        while let batch = try pipeline.next() { copies.append(Copy(batch)) }
        return copies
    }

    private static let order = (0..<23).map { $0 * 5 % 23 } + [3, 3, 0]

    @Test func threadsDoNotMatter() async throws {
        try await offPool {
            let images = try Self.images(23)
            var runs: [[Copy]] = []
            for threads in [1, 2, 4, 7] {
                let pipeline = try InputPipeline(source: images, configuration: Self.configuration(threads: threads))
                var run: [Copy] = []
                for epoch in 0..<3 {
                    try pipeline.begin(epoch: epoch, order: Self.order)
                    run += try Self.rest(pipeline)
                    #expect(try pipeline.next() == nil)
                }
                runs.append(run)
            }
            #expect(runs[0].map(\.number) == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5])
            #expect(runs[0][5].positions == 25..<26)
            for run in runs.dropFirst() { #expect(run == runs[0]) }
            // Epochs differ.
            #expect(runs[0][0] != runs[0][6])
        }
    }

    /// An epoch that is broken off goes on where one likes, in the same pipeline or a new one.
    @Test func epochsResume() async throws {
        try await offPool {
            let images = try Self.images(23)
            let first = try InputPipeline(source: images, configuration: Self.configuration(threads: 3))
            try first.begin(epoch: 4, order: Self.order)
            let whole = try Self.rest(first)
            for batch in 0...6 {
                let second = try InputPipeline(source: images, configuration: Self.configuration(threads: 2))
                for pipeline in [first, second] {
                    try pipeline.begin(epoch: 9, order: Self.order)
                    for _ in 0..<batch { _ = try pipeline.next() }
                    try pipeline.begin(epoch: 4, order: Self.order, batch: batch)
                    #expect(try Self.rest(pipeline) == Array(whole[batch...]))
                }
            }
        }
    }

    /// An image looks the same in batches of any size, and other when it occurs again.
    @Test func batchesDoNotMatter() async throws {
        try await offPool {
            let images = try Self.images(23)
            func pixels(_ batchSize: Int) throws -> [[UInt8]] {
                let pipeline = try InputPipeline(source: images, configuration: Self.configuration(threads: 2, batchSize: batchSize, views: []))
                try pipeline.begin(epoch: 1, order: Self.order)
                var single: [[UInt8]] = []
                while let batch = try pipeline.next() {
                    #expect(batch.labels == nil && batch.classes == nil && batch.pixels.count == batch.positions.count * 768)
                    for item in 0..<batch.count { single.append(Array(batch.pixels[item * 768..<(item + 1) * 768])) }
                }
                return single
            }
            let single = try pixels(1)
            #expect(single.count == 26)
            #expect(try pixels(7) == single)
            #expect(try pixels(100) == single)
            #expect(single[23] != single[24])
        }
    }

    /// What comes out is what the parts give by themselves.
    @Test func equalsItsParts() async throws {
        try await offPool {
            let images = try Self.images(23)
            let configuration = try Self.configuration(threads: 2)
            let pipeline = try InputPipeline(source: images, configuration: configuration)
            try pipeline.begin(epoch: 1, order: Self.order)
            let batch = try #require(try pipeline.next())
            #expect(batch.count == 15 && batch.views == 3 && batch.channels == 3)
            for item in 0..<5 {
                let index = Self.order[item]
                let buffer = ImageBuffer()
                images.load(index, into: buffer)
                var random = RandomStream(seed: 77, epoch: 1, image: index, purpose: .transforms)
                configuration.transforms(buffer, using: &random)
                func pixels(_ view: Int) -> [UInt8] { Array(batch.pixels[(view * 5 + item) * 768..<(view * 5 + item + 1) * 768]) }
                #expect(pixels(0) == Array(buffer.planes))
                var labels = [Float](repeating: 0, count: 256)
                random = RandomStream(seed: 77, epoch: 1, image: index, purpose: .synthesis(view: 1))
                _ = labels.withUnsafeMutableBufferPointer { CutPaste()(buffer, partner: nil, labels: $0, using: &random) }
                #expect(pixels(1) == Array(buffer.planes))
                let start = (5 + item) * 256
                #expect(Array(batch.labels![start..<start + 256]) == labels)
                #expect(Array(batch.labels![item * 256..<(item + 1) * 256]).allSatisfy { $0 == 0 })
            }
            #expect(Array(batch.classes!) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
            // The upper half of the third view is the image before, transformed with numbers of its own.
            let partner = ImageBuffer()
            images.load(Self.order[0], into: partner)
            var random = RandomStream(seed: 77, epoch: 1, image: Self.order[1], purpose: .partner)
            configuration.transforms(partner, using: &random)
            for channel in 0..<3 {
                #expect(Array(batch.pixels[11 * 768 + channel * 256..<11 * 768 + channel * 256 + 128]) == Array(partner.plane(channel)[0..<128]))
            }
        }
    }

    /// Three batches are held at most: one that the model has and two that are ready.
    @Test func looksTwoBatchesAhead() async throws {
        final class Counting: ImageSource {
            let loads = Mutex(0)
            var count: Int { 100 }
            var channels: Int { 1 }
            func load(_ index: Int, into buffer: ImageBuffer) {
                buffer.load(Image(width: 2, height: 2, channels: 1, pixels: [0, 1, 2, UInt8(index)]))
                loads.withLock { $0 += 1 }
            }
        }
        try await offPool {
            let source = Counting()
            let pipeline = try InputPipeline(
                source: source, configuration: InputPipeline.Configuration(size: ImageSize(side: 2), batchSize: 4, seed: 0, threads: 3))
            try pipeline.begin(epoch: 0, order: Array(0..<100))
            var memory: Set<UInt> = []
            for number in 0..<20 {
                let batch = try #require(try pipeline.next())
                memory.insert(UInt(bitPattern: batch.pixels.baseAddress))
                #expect((0..<4).allSatisfy { batch.pixels[4 * $0 + 3] == UInt8(number * 4 + $0) })
                let deadline = ContinuousClock.now + .seconds(20)
                while source.loads.withLock({ $0 }) < 4 * (number + 3), ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.001) }
                #expect(source.loads.withLock { $0 } == 4 * (number + 3))
            }
            #expect(memory.count == 3)
        }
    }

    /// Batches of a full size only, on request.
    @Test func shortBatchesCanBeLeftOut() async throws {
        try await offPool {
            var configuration = try Self.configuration(threads: 1)
            configuration.keepsShortBatch = false
            let pipeline = try InputPipeline(source: Self.images(23), configuration: configuration)
            try pipeline.begin(epoch: 0, order: Self.order)
            #expect(try Self.rest(pipeline).map(\.positions.count) == [5, 5, 5, 5, 5])
            try pipeline.begin(epoch: 0, order: [1, 2])
            #expect(try pipeline.next() == nil)
            try pipeline.begin(epoch: 0, order: [])
            #expect(try pipeline.next() == nil)
        }
    }

    /// A failure comes with the batch that it is in, the first image's first, and ends the epoch but not the pipeline.
    @Test func failuresAreHandedOn() async throws {
        struct Broken: Error, Equatable { let index: Int }
        struct Failing: ImageSource {
            let count = 40
            let channels = 1
            func load(_ index: Int, into buffer: ImageBuffer) throws {
                if index >= 17 { throw Broken(index: index) }
                buffer.load(Image(width: 2, height: 2, channels: 1, pixels: [0, 1, 2, UInt8(index)]))
            }
        }
        try await offPool {
            for threads in [1, 4] {
                let pipeline = try InputPipeline(
                    source: Failing(),
                    configuration: InputPipeline.Configuration(size: ImageSize(side: 2), batchSize: 4, seed: 0, threads: threads))
                for _ in 0..<20 {
                    try pipeline.begin(epoch: 0, order: Array(0..<40))
                    for _ in 0..<4 { #expect(try pipeline.next() != nil) }
                    #expect(throws: Broken(index: 17)) { try pipeline.next() }
                    #expect(try pipeline.next() == nil)
                }
            }
        }
    }

    /// Views that transforms make are of the pipeline's size, each with numbers of its own, whatever the images' sizes.
    @Test func viewsAreTransformed() async throws {
        try await offPool {
            let images = try Self.images(3)
            let transforms = try Self.configuration(threads: 1).transforms
            let view = TransformedView(transforms)
            var configuration = try Self.configuration(threads: 1, batchSize: 3, views: [view, view])
            configuration.transforms = .none
            func batch() throws -> [UInt8] {
                let pipeline = try InputPipeline(source: images, configuration: configuration)
                try pipeline.begin(epoch: 0, order: [0, 1, 2])
                return Array(try #require(try pipeline.next()).pixels)
            }
            let pixels = try batch()
            #expect(pixels.count == 2 * 3 * 768 && pixels.prefix(3 * 768) != pixels.suffix(3 * 768))
            #expect(try batch() == pixels)
            // The first view of the second image is what the transforms make of it with that view's numbers.
            var random = RandomStream(seed: 77, epoch: 0, image: 1, purpose: .synthesis(view: 0))
            let buffer = ImageBuffer()
            try images.load(1, into: buffer)
            transforms(buffer, using: &random)
            #expect(Array(buffer.planes) == Array(pixels[768..<2 * 768]))
            configuration.size = ImageSize(side: 12)
            let wrong = try InputPipeline(source: images, configuration: configuration)
            try wrong.begin(epoch: 0, order: [0])
            let error = #expect(throws: TransformError.self) { try wrong.next() }
            #expect(error?.description == "a synthesis has made a view of 16×16 pixels and 3 channels, not of 12×12 and 3")
        }
    }

    @Test func whatDoesNotFitIsRefused() async throws {
        try await offPool {
            let images = try Self.images(3)
            var configuration = try Self.configuration(threads: 1)
            configuration.transforms = .none
            let pipeline = try InputPipeline(source: images, configuration: configuration)
            var error = #expect(throws: TransformError.self) { try pipeline.begin(epoch: 0, order: [0, 3]) }
            #expect(error?.description == "an epoch asks for image 3 of 3")
            error = #expect(throws: TransformError.self) { try pipeline.begin(epoch: 0, order: [0, 1], batch: 2) }
            #expect(error?.description == "an epoch of 1 batches has no batch 2")
            try pipeline.begin(epoch: 0, order: [1])
            error = #expect(throws: TransformError.self) { try pipeline.next() }
            #expect(error?.description == "image 1 has 21×19 pixels after the transforms and not 16×16")
            configuration.threads = 0
            #expect(throws: TransformError.self) { try InputPipeline(source: images, configuration: configuration) }
        }
    }

    /// Pipelines can be let go of at any moment, before, within and after an epoch.
    @Test func threadsEndWithTheirPipeline() async throws {
        final class Tracked: ImageSource {
            let inner: DecodedImages
            init(_ inner: DecodedImages) { self.inner = inner }
            var count: Int { inner.count }
            var channels: Int { inner.channels }
            func load(_ index: Int, into buffer: ImageBuffer) { inner.load(index, into: buffer) }
        }
        try await offPool {
            let images = try Self.images(23)
            for round in 0..<30 {
                weak var tracked: Tracked?
                do {
                    let source = Tracked(images)
                    tracked = source
                    let pipeline = try InputPipeline(source: source, configuration: Self.configuration(threads: 1 + round % 4))
                    if round % 5 > 0 { try pipeline.begin(epoch: 0, order: Self.order) }
                    for _ in 0..<round % 7 { _ = try pipeline.next() }
                }
                // The threads hold the source as long as they run; Foundation lets go of what a thread ran just after.
                let deadline = ContinuousClock.now + .seconds(20)
                while tracked != nil, ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.001) }
                #expect(tracked == nil)
            }
        }
    }

    /// Planes in somebody else's memory.
    @Test func planesAreTakenFromMemory() async throws {
        try await offPool {
            let bytes = (0..<5 * 2 * 3 * 4).map { UInt8($0) }
            let source = StoredPlanes(count: 5, channels: 3, size: ImageSize(width: 4, height: 2)) { body in
                bytes.withUnsafeBytes { body($0) }
            }
            let pipeline = try InputPipeline(
                source: source, configuration: InputPipeline.Configuration(size: ImageSize(width: 4, height: 2), batchSize: 2, seed: 0, threads: 2))
            try pipeline.begin(epoch: 0, order: [4, 0, 2])
            #expect(try Self.rest(pipeline).map(\.pixels) == [Array(bytes[96..<120] + bytes[0..<24]), Array(bytes[48..<72])])
        }
    }
}
