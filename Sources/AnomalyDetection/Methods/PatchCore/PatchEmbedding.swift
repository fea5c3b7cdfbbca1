import Catalogue
import Torch

/// The features of the patches of an image: what a backbone says at 1/8 and at 1/16 of the side, around each place of the finer one.
struct PatchEmbedding {
    let backbone: any FeatureNetwork
    let kind: PatchCoreOptions.Embedding

    /// Numbers that the original pools a patch's features to.
    var pooledWidth = 1024

    /// The last two levels, finer one first.
    private var levels: (fine: Int, coarse: Int) {
        let channels = backbone.channels
        return (channels[channels.count - 2], channels[channels.count - 1])
    }

    /// Numbers of a patch.
    var width: Int { kind == .original ? pooledWidth : levels.fine + levels.coarse }

    /// The patches of images `[N, C, S, S]`, image after image and row after row: `[N · S/8 · S/8, width]`.
    func callAsFunction(_ images: Tensor) throws(TorchError) -> Tensor {
        let levels = try backbone.features(images)
        let (fine, coarse) = (levels[levels.count - 2], levels[levels.count - 1])
        return kind == .concat ? try concatenated(fine, coarse) : try original(fine, coarse)
    }

    /// Each level averaged over 3×3 places, padding counted, and put together at the finer one's places.
    private func concatenated(_ fine: Tensor, _ coarse: Tensor) throws(TorchError) -> Tensor {
        func averaged(_ level: Tensor) throws(TorchError) -> Tensor {
            try level.averagePooled(kernel: 3, stride: 1, padding: 1)
        }
        let stretched = try averaged(coarse).resizedBilinear(height: fine.shape[2], width: fine.shape[3])
        let all = try Tensor.concatenated([averaged(fine), stretched], axis: 1)
        return try all.permuted([0, 2, 3, 1]).reshaped([-1, width])
    }

    /// Each level's 3×3 neighbourhoods, of the coarser one brought to the finer one's places, pooled to 1024 numbers; both stacked
    /// and pooled to 1024 again.
    private func original(_ fine: Tensor, _ coarse: Tensor) throws(TorchError) -> Tensor {
        let (height, width) = (fine.shape[2], fine.shape[3])
        func pooled(_ level: Tensor) throws(TorchError) -> Tensor {
            let neighbourhoods = try level.unfolded(kernel: 3, padding: 1)
                .reshaped([level.shape[0], 9 * level.shape[1], level.shape[2], level.shape[3]])
            let placed = level.shape[2] == height ? neighbourhoods : try neighbourhoods.resizedBilinear(height: height, width: width)
            let rows = try placed.permuted([0, 2, 3, 1]).reshaped([-1, 1, 9 * level.shape[1]])
            return try rows.adaptiveAveragePooled(size: pooledWidth)
        }
        let stacked = try Tensor.concatenated([pooled(fine), pooled(coarse)], axis: 2)
        return try stacked.adaptiveAveragePooled(size: pooledWidth).reshaped([-1, pooledWidth])
    }
}
