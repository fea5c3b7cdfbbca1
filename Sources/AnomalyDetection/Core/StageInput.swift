import ImageTransforms

/// Input that is made and not only read: what happens to each training image before a stage sees it. Every image's random numbers
/// come from the job's seed, the stage, the epoch and the image, so that neither threads nor resuming change a bit.
public struct StageInput: Sendable {
    /// What happens to every image.
    public let transforms: TransformSequence
    /// The views that are made of each transformed image, one synthesis each, with label maps and classes; none: the image alone.
    public let views: [any Synthesis]
    /// Side of the images that the transforms, or the views, give, pixels.
    public let side: Int

    public init(transforms: TransformSequence = .none, views: [any Synthesis] = [], side: Int) {
        self.transforms = transforms
        self.views = views
        self.side = side
    }
}
