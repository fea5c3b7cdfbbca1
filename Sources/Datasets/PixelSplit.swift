/// What part of a data set a block of pixels holds.
public enum PixelSplit: String, Sendable {
    /// The training images.
    case train
    /// The test images.
    case test
    /// The test images' masks: 1 where abnormal.
    case testMasks = "test-masks"
}
