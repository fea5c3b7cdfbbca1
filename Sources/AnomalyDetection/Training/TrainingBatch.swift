import Torch

/// A batch of images and its place in the training.
public struct TrainingBatch {
    /// `[N, C, S, S]`, normalised.
    public let images: Tensor
    /// Epochs done before this one, from 0.
    public let epoch: Int
    /// Batches of this epoch done before this one, from 0.
    public let index: Int
    /// Batches in an epoch.
    public let count: Int

    public init(images: Tensor, epoch: Int, index: Int, count: Int) {
        self.images = images
        self.epoch = epoch
        self.index = index
        self.count = count
    }
}
