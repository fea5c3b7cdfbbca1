import Torch

/// What a method says of a batch of images; higher is more abnormal.
public struct AnomalyScores {
    /// One score an image, `[N]`.
    public let scores: Tensor
    /// One score a pixel, `[N, 1, S, S]`; `nil` from a method that has no map.
    public let map: Tensor?

    /// Images scored by the mean of their map `[N, 1, S, S]`.
    public init(map: Tensor) throws(TorchError) {
        self.init(scores: try map.mean(axes: [1, 2, 3]), map: map)
    }

    /// Images with a score of their own.
    public init(scores: Tensor, map: Tensor? = nil) {
        self.scores = scores
        self.map = map
    }
}
