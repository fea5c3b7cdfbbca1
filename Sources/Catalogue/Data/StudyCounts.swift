/// How many images the study has of a data set.
public struct StudyCounts: Sendable, Hashable, Codable {
    /// Training images, all normal.
    public let train: Int
    /// Normal test images.
    public let testNormal: Int
    /// Abnormal test images.
    public let testAbnormal: Int
    /// Abnormal test images with a mask.
    public let masks: Int

    public init(train: Int, testNormal: Int, testAbnormal: Int, masks: Int = 0) {
        self.train = train
        self.testNormal = testNormal
        self.testAbnormal = testAbnormal
        self.masks = masks
    }
}
