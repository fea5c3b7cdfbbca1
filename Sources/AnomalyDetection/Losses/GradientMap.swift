import Torch

/// Score maps from gradients with respect to the image (Zimmerer et al., 2019).
enum GradientMap {
    /// |∂f/∂x|, `[N, C, S, S]`, f being the mean of `function` over one image. Images of a batch do not see each other in
    /// evaluation mode, so that the sum of their means has each image's own gradient: the study's, of batches of one.
    /// Must run with gradients recorded; weights get none.
    /// - Parameter function: the mean over the batch of something, a scalar.
    static func magnitude(_ images: Tensor, of function: (Tensor) throws -> Tensor) throws -> Tensor {
        let source = try images.detached().requireGradient()
        let sum = try function(source) * Double(images.shape[0])
        guard let gradient = try sum.gradients(of: [source])[0] else {
            throw TorchError("the score does not depend on the image")
        }
        return try gradient.absolute()
    }
}
