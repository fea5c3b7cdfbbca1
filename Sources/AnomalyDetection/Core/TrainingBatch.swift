import Torch

/// A batch of images and its place in the stage.
public struct TrainingBatch {
    /// `[N, C, S, S]`, normalised; of V views of each image the first view of all, then the second of all: `[V · N, C, S, S]`.
    public let images: Tensor
    /// How abnormal each pixel is, 0...1, `[V · N, 1, S, S]`; `nil` where nothing is synthesised.
    public let labels: Tensor?
    /// 0 for normal, int64 `[V · N]`; `nil` where nothing is synthesised.
    public let classes: Tensor?
    /// Epochs of the stage done before this one, from 0.
    public let epoch: Int
    /// Batches of this epoch done before this one, from 0.
    public let index: Int
    /// Batches in an epoch.
    public let count: Int

    public init(images: Tensor, labels: Tensor? = nil, classes: Tensor? = nil, epoch: Int, index: Int, count: Int) {
        self.images = images
        self.labels = labels
        self.classes = classes
        self.epoch = epoch
        self.index = index
        self.count = count
    }
}
