/// Layers that are computed in one pass where they follow each other: without gradients and in evaluation mode a convolution, its
/// batch normalisation and its activation; in training mode a batch normalisation and a rectifier. It is the same sum but for
/// the rounding of folded weights.
public enum LayerChain {
    /// Applies the layers one after the other.
    public static func apply(_ layers: [any Layer], to input: Tensor) throws(TorchError) -> Tensor {
        var result = input
        var index = 0
        func next<Kind>(_ place: Int, as kind: Kind.Type) -> Kind? { place < layers.count ? layers[place] as? Kind : nil }
        while index < layers.count {
            let layer = layers[index]
            if !LibTorch.usesPlainOperators {
                if let convolution = layer as? ConvolutionLayer {
                    let norm = next(index + 1, as: BatchNorm.self)
                    let following = index + (norm == nil ? 1 : 2)
                    let activation = next(following, as: (any FusedActivation).self)
                    if let output = try convolution.inOnePass(result, norm: norm, activation: activation) {
                        result = output
                        index = following + (activation == nil ? 0 : 1)
                        continue
                    }
                } else if let norm = layer as? BatchNorm, let slope = next(index + 1, as: (any FusedActivation).self)?.slope,
                    let output = try norm.rectified(result, slope: slope)
                {
                    result = output
                    index += 2
                    continue
                }
            }
            result = try layer(result)
            index += 1
        }
        return result
    }
}
