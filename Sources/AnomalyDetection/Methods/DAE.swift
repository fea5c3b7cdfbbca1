import Torch

/// DAE: denoising autoencoder (Kascenas et al., 2022), a U-Net trained with mean((x - net(x + n))²) and scored by
/// (x - net(x))² (specification 2.2).
///
/// The noise n is coarse: N(0, σ²) on a small grid, enlarged, moved around by one offset for the whole batch, on brain
/// MRI only where the image is brighter than the batch's darkest pixel, then doubled and shifted by -1. The shift, which
/// scoring lacks, is the study's; `noise_offset: 0` trains without, and `noise_foreground: image` asks each image for its own
/// darkest pixel.
public final class DAE: SingleLossMethod {
    public static let name = "dae"

    let unet: UNet
    public let length: TrainingLength
    private let deviation: Double
    private let resolution: Int
    private let foreground: String
    private let offset: Double

    public init(_ settings: MethodSettings, weights: PretrainedWeights, generator: Generator) throws {
        let (size, levels) = (try settings.integer("input_size"), try settings.integer("levels"))
        // The lowest level's padding mirrors a second row.
        let factor = 1 << (levels - 1)
        guard size % factor == 0, size >= 2 * factor else {
            throw TrainingError(
                "input_size is \(size) but \(levels) levels need a multiple of \(factor), and two of it; change either")
        }
        unet = try UNet(
            channels: settings.channels(), baseChannels: settings.integer("base_channels"), levels: levels,
            generator: generator)
        length = .epochs(try settings.integer("epochs"))
        deviation = try settings.number("noise_sd")
        resolution = try settings.integer("noise_resolution")
        foreground = try settings.text("noise_foreground")
        offset = try settings.number("noise_offset")
    }

    public var network: Module { unet }
    /// Its maps of features are large.
    public var scoringBatchSize: Int { 16 }

    public func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let shape = images.shape
        let grid = try Tensor.normal([shape[0], shape[1], resolution, resolution], generator: generator)
        return try loss(
            images, grid: grid.to(images.device), down: Tensor.randomInteger(below: shape[2], generator: generator),
            right: Tensor.randomInteger(below: shape[3], generator: generator))
    }

    /// The loss with given random numbers.
    /// - Parameters:
    ///   - grid: standard normal, `[N, C, R, R]`.
    ///   - down: how many pixels the noise is moved down, and `right` to the right.
    func loss(_ images: Tensor, grid: Tensor, down: Int, right: Int) throws -> Tensor {
        var noise = try (grid * deviation)
            .resizedBilinear(height: images.shape[2], width: images.shape[3], aligningCorners: true)
            .rolled(down: down, right: right)
        switch foreground {
        case "batch": noise = try noise * images.isGreater(than: images.minimum())
        case "image": noise = try noise * images.isGreater(than: images.minimum(axes: [1, 2, 3]))
        default: break
        }
        return try Distance.squared.loss(images, unet(images + (noise * 2 + offset)))
    }

    public func scores(_ images: Tensor, generator: Generator) throws -> AnomalyScores {
        try AnomalyScores(map: Distance.squared.map(images, unet(images)))
    }

    public func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? { try unet(images) }
}
