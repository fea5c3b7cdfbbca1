import Torch

/// What a scorer says of a batch of images; higher is more abnormal.
public struct AnomalyScores {
    /// One score an image, `[N]`.
    public let scores: Tensor
    /// One score a pixel, `[N, 1, S, S]`; `nil` from a scorer that has no map.
    public let map: Tensor?

    /// Images with a score of their own.
    public init(scores: Tensor, map: Tensor? = nil) {
        self.scores = scores
        self.map = map
    }
}
