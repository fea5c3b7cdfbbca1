import Torch

/// How bytes 0...255 become the numbers that a network sees.
public struct ImageNormalisation: Sendable, Hashable {
    /// Subtracted from v / 255, one number for all channels or one a channel.
    public let mean: [Float]
    /// Divided by afterwards, as many numbers.
    public let deviation: [Float]

    /// -1...1: (v / 255 - 0.5) / 0.5, the study's for everything that is trained from scratch.
    public static let symmetric = ImageNormalisation(mean: [0.5], deviation: [0.5])
    /// Mean and standard deviation of ImageNet, for three channels: what pretrained networks are used to.
    public static let imageNet = ImageNormalisation(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])

    /// `[N, C, H, W]` in -1...1 to what this normalisation makes of the same images.
    public func callAsFunction(fromSymmetric images: Tensor) throws(TorchError) -> Tensor {
        try normalised(images * 0.5 + 0.5)
    }

    /// `[N, C, H, W]` in bytes to floats.
    /// - Throws: ``TorchError`` when the images have not as many channels as the normalisation.
    public func callAsFunction(_ bytes: Tensor) throws(TorchError) -> Tensor {
        try normalised(bytes.to(.float) / 255)
    }

    private func normalised(_ values: Tensor) throws(TorchError) -> Tensor {
        if mean.count == 1 { return try (values - Double(mean[0])) / Double(deviation[0]) }
        guard values.shape[1] == mean.count else {
            throw TorchError("images of \(values.shape[1]) channels cannot be normalised for \(mean.count); use color: rgb")
        }
        func perChannel(_ numbers: [Float]) throws(TorchError) -> Tensor {
            try Tensor(numbers, shape: [1, numbers.count, 1, 1]).to(values.device)
        }
        return try (values - perChannel(mean)) / perChannel(deviation)
    }
}
