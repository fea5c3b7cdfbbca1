/// A way of making a view of an image, most of them with something abnormal in it that a model learns to tell or to find.
///
/// Whatever is random comes from the stream that is handed in, so that an image's view depends on the job, the epoch and
/// the image alone.
public protocol Synthesis: Sendable {
    /// Whether a second image is needed, to take pixels from.
    var needsPartner: Bool { get }

    /// Whether the view is of the pipeline's size whatever the image's is, and has no labels to fill; otherwise it keeps the
    /// image's.
    var isResizing: Bool { get }

    /// - Throws: ``TransformError`` for parameters that mean nothing.
    func check() throws(TransformError)

    /// Changes `image` in place and leaves its channels, and its size unless ``isResizing``.
    /// - Parameters:
    ///   - image: the image, already transformed. ``ImageBuffer/part`` is free to use.
    ///   - partner: another image, transformed in the same way with numbers of its own, where ``needsPartner`` is true. To
    ///     be read only.
    ///   - labels: `[H, W]` of the image's size, all 0 at first; to be filled with how abnormal each pixel is, 0...1.
    ///   - random: the numbers of this view.
    /// - Returns: the class of the view, 0 for a normal image.
    func callAsFunction(
        _ image: ImageBuffer, partner: ImageBuffer?, labels: UnsafeMutableBufferPointer<Float>, using random: inout RandomStream
    ) -> Int
}

extension Synthesis {
    /// Most syntheses do with one image.
    public var needsPartner: Bool { false }

    /// Most syntheses leave the image's size.
    public var isResizing: Bool { false }

    /// Without parameters there is nothing to check.
    public func check() throws(TransformError) {}
}

/// The view that transforms make, with random numbers of its own, of class 0.
public struct TransformedView: Synthesis {
    /// What is done to the image.
    public let transforms: TransformSequence
    public var isResizing: Bool { true }

    public init(_ transforms: TransformSequence) { self.transforms = transforms }

    public func callAsFunction(
        _ image: ImageBuffer, partner: ImageBuffer?, labels: UnsafeMutableBufferPointer<Float>, using random: inout RandomStream
    ) -> Int {
        transforms(image, using: &random)
        return 0
    }
}

/// The view that is the image itself, of class 0.
public struct Unchanged: Synthesis {
    /// The only one there is.
    public init() {}

    public func callAsFunction(
        _ image: ImageBuffer, partner: ImageBuffer?, labels: UnsafeMutableBufferPointer<Float>, using random: inout RandomStream
    ) -> Int { 0 }
}
