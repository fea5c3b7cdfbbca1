import Foundation

/// Batches of transformed images, made ahead by threads of its own while the model works on the batch before.
///
/// What is in a batch depends on the seed, the epoch and the order of the images alone: it is the same for any number of
/// threads, any size of batch, and when an epoch is begun in its middle. Memory is taken at the start and used again by
/// every batch.
///
/// One thread at a time may call a pipeline; when it is let go, its threads are told to stop and waited for.
public final class InputPipeline {
    /// What a pipeline makes.
    public struct Configuration: Sendable {
        /// The size that the transforms give.
        public var size: ImageSize
        /// N: images in a batch.
        public var batchSize: Int
        /// What happens to every image.
        public var transforms: TransformSequence
        /// The views that are made of each transformed image, one synthesis each; none: the image alone, without labels.
        public var views: [any Synthesis]
        /// The job's seed.
        public var seed: UInt64
        /// Threads that make batches.
        public var threads: Int
        /// Whether the images that are left at the end of an epoch make a smaller batch.
        public var keepsShortBatch: Bool

        /// One view, made by one thread, nothing left out, but for what is given.
        public init(
            size: ImageSize, batchSize: Int, transforms: TransformSequence = .none, views: [any Synthesis] = [], seed: UInt64,
            threads: Int = 1, keepsShortBatch: Bool = true
        ) {
            self.size = size
            self.batchSize = batchSize
            self.transforms = transforms
            self.views = views
            self.seed = seed
            self.threads = threads
            self.keepsShortBatch = keepsShortBatch
        }
    }

    /// How many batches are made ahead of the one that the model has.
    public static let lookAhead = 2

    private let schedule: BatchSchedule
    private let imageCount: Int

    /// Starts the threads, which wait for ``begin(epoch:order:batch:)``.
    /// - Throws: ``TransformError`` when a size or number is not positive, or a synthesis has parameters that mean nothing.
    public init(source: any ImageSource, configuration: Configuration) throws(TransformError) {
        let (size, batchSize, threads) = (configuration.size, configuration.batchSize, configuration.threads)
        guard size.width > 0, size.height > 0, batchSize > 0, threads > 0 else {
            throw TransformError("\(threads) threads cannot make batches of \(batchSize) images of \(size) pixels")
        }
        for synthesis in configuration.views { try synthesis.check() }
        imageCount = source.count
        let batches = (0...Self.lookAhead).map { _ in
            InputBatch(
                capacity: configuration.batchSize, views: max(1, configuration.views.count),
                labelled: !configuration.views.isEmpty, channels: source.channels, size: configuration.size)
        }
        let schedule = BatchSchedule(
            batches: batches, batchSize: configuration.batchSize, keepsShortBatch: configuration.keepsShortBatch,
            threads: configuration.threads)
        self.schedule = schedule
        for number in 0..<configuration.threads {
            // Threads and not tasks: they compute without a pause, which would hold up everything else in Swift's pool.
            let thread = Thread {
                let maker = ViewMaker(source: source, configuration: configuration)
                while let claim = schedule.claim() { schedule.finish(claim, Result { try maker.make(claim) }) }
                schedule.leave()
            }
            thread.name = "input-\(number)"
            thread.start()
        }
    }

    deinit { schedule.stop() }

    /// Begins an epoch, or goes on with one that was broken off; what was not yet taken of another epoch is lost.
    /// - Parameters:
    ///   - epoch: number of the epoch, from which random numbers are made.
    ///   - order: indices of the images in the order in which the epoch has them, all of them in whatever batch it begins. An
    ///     image may occur several times and gets other numbers each time.
    ///   - batch: the first batch to make.
    /// - Throws: ``TransformError`` when there is no image with an index, or no such batch.
    public func begin(epoch: Int, order: [Int], batch: Int = 0) throws(TransformError) {
        if let wrong = order.first(where: { $0 < 0 || $0 >= imageCount }) {
            throw TransformError("an epoch asks for image \(wrong) of \(imageCount)")
        }
        let count = schedule.batchCount(images: order.count)
        guard (0...count).contains(batch) else { throw TransformError("an epoch of \(count) batches has no batch \(batch)") }
        schedule.begin(epoch: epoch, order: order, batch: batch)
    }

    /// The next batch of the epoch, for which it waits; `nil` after the last. The batch before is no longer valid.
    /// - Throws: what the source threw, or ``TransformError`` when an image has not the size or the channels that it should have
    ///   after the transforms. The epoch is then over.
    public func next() throws -> InputBatch? { try schedule.next() }
}
