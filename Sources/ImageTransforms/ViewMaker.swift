/// Makes the views of one image after the other, in memory of its own: what one thread of a pipeline does.
final class ViewMaker {
    private let source: any ImageSource
    private let configuration: InputPipeline.Configuration
    private let needsPartner: Bool
    /// Whether no view needs images of the pipeline's size.
    private let resizesAll: Bool
    private let image = ImageBuffer()
    private let view = ImageBuffer()
    private let partner = ImageBuffer()

    init(source: any ImageSource, configuration: InputPipeline.Configuration) {
        self.source = source
        self.configuration = configuration
        needsPartner = configuration.views.contains { $0.needsPartner }
        resizesAll = !configuration.views.isEmpty && configuration.views.allSatisfy { $0.isResizing }
    }

    func make(_ claim: BatchSchedule.Claim) throws {
        func stream(_ purpose: RandomStream.Purpose) -> RandomStream {
            RandomStream(
                seed: configuration.seed, epoch: claim.epoch, image: claim.index, purpose: purpose, occurrence: claim.occurrence)
        }
        var random = stream(.transforms)
        try load(claim.index, into: image, using: &random)
        if configuration.views.isEmpty { return write(image, to: claim.batch.place(view: 0, item: claim.item).pixels) }
        if needsPartner {
            // The image before, as a worker that keeps the last image has it, but transformed anew; the first of an epoch,
            // which has none before it, takes any.
            var random = stream(.partner)
            let index = claim.previous ?? random.integer(below: source.count)
            try load(index, into: partner, using: &random)
        }
        for (number, synthesis) in configuration.views.enumerated() {
            let place = claim.batch.place(view: number, item: claim.item)
            place.labels.update(repeating: 0)
            view.copy(image)
            var random = stream(.synthesis(view: number))
            let label = synthesis(view, partner: needsPartner ? partner : nil, labels: place.labels, using: &random)
            guard view.size == configuration.size, view.channels == image.channels else {
                throw TransformError(
                    "a synthesis has made a view of \(view.size) pixels and \(view.channels) channels, "
                        + "not of \(configuration.size) and \(image.channels)")
            }
            place.class?.pointee = Int64(label)
            write(view, to: place.pixels)
        }
    }

    private func load(_ index: Int, into buffer: ImageBuffer, using random: inout RandomStream) throws {
        try source.load(index, into: buffer)
        guard buffer.channels == source.channels else {
            throw TransformError("image \(index) has \(buffer.channels) channels and not \(source.channels)")
        }
        configuration.transforms(buffer, using: &random)
        guard buffer.size == configuration.size || resizesAll else {
            throw TransformError("image \(index) has \(buffer.size) pixels after the transforms and not \(configuration.size)")
        }
    }

    private func write(_ buffer: ImageBuffer, to place: UnsafeMutableBufferPointer<UInt8>) {
        place.baseAddress!.update(from: buffer.planes.baseAddress!, count: place.count)
    }
}
