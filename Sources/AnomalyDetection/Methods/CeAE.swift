import Torch

/// CeAE: context-encoding autoencoder (Zimmerer et al., 2018). A square of every training image is erased, and the loss
/// is mean((x - net(erased x))²) over the whole image; scored by e² of the image as it is (specification 2.2).
public final class CeAE: ReconstructionMethod, SingleLossMethod {
    public static let name = "ceae"

    private let area: Double
    private let value: Double

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        area = try settings.number("mask_area")
        value = try settings.number("mask_value")
        try super.init(
            settings, autoencoder: Autoencoder(BackboneShape(settings), generator: generator), distance: .squared)
    }

    public override func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let corners = try (0..<images.shape[0]).map { _ in
            let free = images.shape[2] - side(images.shape[2]) + 1
            return (
                row: try Tensor.randomInteger(below: free, generator: generator),
                column: try Tensor.randomInteger(below: free, generator: generator)
            )
        }
        return try loss(images, corners: corners)
    }

    /// The loss with the upper left corner of each image's erased square.
    func loss(_ images: Tensor, corners: [(row: Int, column: Int)]) throws -> Tensor {
        let erased = try images.clone()
        let side = side(images.shape[2])
        for (index, corner) in corners.enumerated() {
            try erased.narrowed(axis: 0, start: index, length: 1)
                .narrowed(axis: 2, start: corner.row, length: side)
                .narrowed(axis: 3, start: corner.column, length: side).fill(value)
        }
        return try distance.loss(images, autoencoder(erased))
    }

    /// The erased square's side for images of `size` pixels: 10 at 64, and never the whole image.
    private func side(_ size: Int) -> Int {
        min(size - 1, Int((area * Double(size * size)).squareRoot().rounded(.toNearestOrEven)))
    }
}
