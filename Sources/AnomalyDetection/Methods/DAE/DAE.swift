import Catalogue
import Torch

/// DAE: denoising autoencoder (Kascenas et al., 2022), a U-Net trained with mean((x - net(x + n))²) and scored by
/// (x - net(x))².
///
/// The noise n is coarse: N(0, σ²) on a small grid, enlarged, moved around by one offset for the whole batch, on brain
/// MRI only where the image is brighter than the batch's darkest pixel, then doubled and shifted by -1. The shift, which
/// scoring lacks, is the study's; `noise_offset: 0` trains without, and `noise_foreground: image` asks each image for its own
/// darkest pixel.
final class DAE: Model {
    let unet: UNet
    private let settings: MethodSettings
    private let deviation: Double
    private let resolution: Int
    private let foreground: DAEOptions.NoiseForeground
    private let offset: Double

    init(_ settings: MethodSettings, context: ModelContext) throws {
        let (size, levels) = (try settings.inputSize, try settings[DAEOptions.levels])
        // The lowest level's padding mirrors a second row.
        let factor = 1 << (levels - 1)
        guard size % factor == 0, size >= 2 * factor else {
            throw TrainingError(
                "input_size is \(size) but \(levels) levels need a multiple of \(factor), and two of it; change either")
        }
        self.settings = settings
        unet = try UNet(
            channels: settings.channels, baseChannels: settings[AutoencoderOptions.baseChannels], levels: levels,
            generator: context.generator)
        deviation = try settings[DAEOptions.noiseDeviation]
        resolution = try settings[DAEOptions.noiseResolution]
        foreground = try settings[DAEOptions.noiseForeground]
        offset = try settings[DAEOptions.noiseOffset]
    }

    var network: Module { unet }

    var stages: [Stage] {
        get throws { [try .training(settings, of: network) { try self.loss($0, generator: $1) }] }
    }

    func loss(_ images: Tensor, generator: Generator) throws -> Tensor {
        let shape = images.shape
        let grid = try Tensor.normal([shape[0], shape[1], resolution, resolution], generator: generator, device: images.device)
        return try loss(
            images, grid: grid, down: Tensor.randomInteger(below: shape[2], generator: generator),
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
        case .batch: noise = try noise * images.isGreater(than: images.minimum())
        case .image: noise = try noise * images.isGreater(than: images.minimum(axes: [1, 2, 3]))
        case .none: break
        }
        return try Distance.squared.loss(images, unet(images + (noise * 2 + offset)))
    }

    func reconstruction(of images: Tensor, generator: Generator) throws -> Tensor? { try unet(images) }
}

extension Method {
    /// Its maps of features are large: few images are scored at once.
    static let dae = Method(
        .dae,
        small: [
            "input_size": 16, "base_channels": 2, "levels": 3, "noise_resolution": 4, "noise_foreground": "batch", "batch_size": 4,
            "epochs": 3,
        ], model: DAE.self
    ) { model, settings, _ in
        try MapScorer(settings, batchSize: 16) { images, _ in .init(try Distance.squared.map(images, model.unet(images))) }
    }
}
