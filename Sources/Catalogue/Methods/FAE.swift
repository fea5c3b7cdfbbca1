public enum FAEOptions {
    public static let steps = MethodOption.integer("steps", 1...100_000_000, default: 10_000, unit: "steps", "optimiser steps")
    public static let inputSize = MethodOption.multiple(
        "input_size", of: 64, 64...1024, default: 128, unit: "pixels", "side of the square input")
    public static let dropout = MethodOption.number(
        "dropout", 0...0.99, default: 0.1, "share of channels that each training step drops")
    public static let extractor = MethodOption.choice(
        "extractor", default: ExtractorMode.train,
        "mode of the backbone during training: in the study its batch statistics drift")

    public enum ExtractorMode: String, OptionWord { case train, eval }
}

extension ModelDescription {
    /// FAE is trained for a number of steps on colour images.
    static func featureAutoencoder(_ name: String) -> ModelDescription {
        let options = [
            FAEOptions.steps.description, TrainingOptions.batchSize.description,
            TrainingOptions.learningRate.defaulting(to: 5e-4).description, FAEOptions.inputSize.description,
            InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.resNet18, .efficientNetLite0) + [FAEOptions.dropout.description, FAEOptions.extractor.description]
        return ModelDescription(name, options: options) { sizes in
            let side = sizes.side / 4
            return sizes.demand(
                parameters: 10.3e6, activations: 3 * 256 * side * side + BackboneSizes(sizes).peak,
                frozen: BackboneSizes(sizes).parameters)
        } stages: { sizes in
            [StageCost(
                "training", .steps(sizes[FAEOptions.steps]), batchSize: sizes[TrainingOptions.batchSize],
                perUnit: BackboneSizes(sizes).toEighth + 3 * sizes.featureAutoencoder)]
        }
    }
}

extension MethodDescription {
    public static let faeSSIM = MethodDescription(
        "fae-ssim", title: "FAE-SSIM", family: .featureReconstruction, model: .featureAutoencoder("fae-ssim"),
        scorer: .residual("structural-features") { BackboneSizes($0).toEighth + $0.featureAutoencoder },
        summary: "autoencoder of pretrained features, structural similarity; score: mean of -SSIM",
        equation: """
            f = three levels of the backbone (resnet18: stem, layer1, layer2), resized to 1/4 of the image and put together
            loss = -mean SSIM(f, f̂), Gaussian window of 5, σ = 1.5, zeros around f, channel by channel
            map = -SSIM, mean over channels, stretched to the image's size; score = its mean before stretching
            """,
        source: Source.featureAutoencoder)

    public static let faeMSE = MethodDescription(
        "fae-mse", title: "FAE-MSE", family: .featureReconstruction, model: .featureAutoencoder("fae-mse"),
        scorer: .residual("squared-features") { BackboneSizes($0).toEighth + $0.featureAutoencoder },
        summary: "autoencoder of pretrained features, squared error; score: mean squared error",
        equation: """
            f = three levels of the backbone (resnet18: stem, layer1, layer2), resized to 1/4 of the image and put together
            loss = mean((f - f̂)²)
            map = (f - f̂)², mean over channels, stretched to the image's size; score = its mean before stretching
            """,
        source: Source.featureAutoencoder)
}
