/// A vision transformer whose feed-forward layers are four times as wide as it is.
struct TransformerSize {
    let width: Double
    /// Blocks.
    let depth: Double
    let heads: Double
    /// Tokens of an image.
    let tokens: Double

    /// Multiply-accumulates of a block: projections, feed-forward layers, and attention of all tokens to all.
    var blockWork: Double { 12 * tokens * width * width + 2 * tokens * tokens * width }
    /// Multiply-accumulates of an image.
    var work: Double { depth * blockWork + 588 * width * tokens }
    var parameters: Double { depth * (12 * width * width + 15 * width) + (588 + 1374) * width }
    /// Numbers that a pass without gradients holds at a time.
    var peak: Double { 10 * tokens * width + 2 * heads * tokens * tokens }
    /// Numbers that a training step keeps.
    var activations: Double { depth * (16 * tokens * width + 2 * heads * tokens * tokens) }
}
