import Torch

/// 1 - cos of the angle between features, of levels `[N, C, H, W]` each.
enum CosineDistance {
    /// At each place: `[N, H, W]`.
    static func points(_ left: Tensor, _ right: Tensor) throws(TorchError) -> Tensor {
        try 1 - left.cosineSimilarity(to: right, axis: 1)
    }

    /// The mean over images, each level of an image taken as one vector, summed over levels: a scalar.
    static func loss(_ left: [Tensor], _ right: [Tensor]) throws(TorchError) -> Tensor {
        var sum: Tensor?
        for (left, right) in zip(left, right) {
            let mean = try (1 - left.flattened().cosineSimilarity(to: right.flattened(), axis: 1)).mean()
            sum = if let sum { try sum + mean } else { mean }
        }
        guard let sum else { throw TorchError("there are no features to compare") }
        return sum
    }

    /// ``points(_:_:)`` of all levels, stretched to `side` and summed up: `[N, 1, side, side]`.
    static func map(_ left: [Tensor], _ right: [Tensor], side: Int) throws(TorchError) -> Tensor {
        var sum: Tensor?
        for (left, right) in zip(left, right) {
            let distances = try points(left, right)
            let shape = distances.shape
            let stretched = try distances.reshaped([shape[0], 1, shape[1], shape[2]])
                .resizedBilinear(height: side, width: side, aligningCorners: true)
            sum = if let sum { try sum + stretched } else { stretched }
        }
        guard let sum else { throw TorchError("there are no features to compare") }
        return sum
    }
}
