/// A way of making a view of an image, most of them with something abnormal in it that a model learns to tell or to find.
///
/// Whatever is random comes from the stream that is handed in, so that an image's view depends on the job, the epoch and
/// the image alone.
public protocol Synthesis: Sendable {
    /// Whether a second image is needed, to take pixels from.
    var needsPartner: Bool { get }

    /// - Throws: ``TransformError`` for parameters that mean nothing.
    func check() throws(TransformError)

    /// Changes `image` in place and leaves its size and channels.
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

    /// Without parameters there is nothing to check.
    public func check() throws(TransformError) {}
}

/// The view that is the image itself, of class 0.
public struct Unchanged: Synthesis {
    /// The only one there is.
    public init() {}

    public func callAsFunction(
        _ image: ImageBuffer, partner: ImageBuffer?, labels: UnsafeMutableBufferPointer<Float>, using random: inout RandomStream
    ) -> Int { 0 }
}
