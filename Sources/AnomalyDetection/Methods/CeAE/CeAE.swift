import Catalogue
import Torch

/// CeAE: context-encoding autoencoder (Zimmerer et al., 2018). A square of every training image is erased, and the loss
/// is mean((x - net(erased x))²) over the whole image; scored by e² of the image as it is.
final class CeAE: ReconstructionModel {
    override func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let free = images.shape[2] - (try side(images.shape[2])) + 1
        let corners = try (0..<images.shape[0]).map { _ in
            (
                row: try Tensor.randomInteger(below: free, generator: generator),
                column: try Tensor.randomInteger(below: free, generator: generator)
            )
        }
        return try loss(images, corners: corners)
    }

    /// The loss with the upper left corner of each image's erased square.
    func loss(_ images: Tensor, corners: [(row: Int, column: Int)]) throws -> Tensor {
        let erased = try images.clone()
        let side = try side(images.shape[2])
        let value = try settings[CeAEOptions.maskValue]
        for (index, corner) in corners.enumerated() {
            try erased.narrowed(axis: 0, start: index, length: 1)
                .narrowed(axis: 2, start: corner.row, length: side)
                .narrowed(axis: 3, start: corner.column, length: side).fill(value)
        }
        return try Self.distance.loss(images, autoencoder(erased))
    }

    /// The erased square's side for images of `size` pixels: 10 at 64, and never the whole image.
    private func side(_ size: Int) throws -> Int {
        min(size - 1, Int((try settings[CeAEOptions.maskArea] * Double(size * size)).squareRoot().rounded(.toNearestOrEven)))
    }
}

extension Method {
    static let ceAE = Method(.ceAE, small: .smallAutoencoder, model: CeAE.self) { model, settings, _ in
        try model.residualScorer(settings)
    }
}
