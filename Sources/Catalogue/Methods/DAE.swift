public enum DAEOptions {
    public static let levels = MethodOption.integer(
        "levels", 1...8, default: 5, "levels of the U-Net; each halves the image and doubles the channels")
    public static let noiseDeviation = MethodOption.number(
        "noise_sd", 0...100, default: 0.2, "standard deviation of the noise before it is doubled")
    public static let noiseResolution = MethodOption.integer(
        "noise_resolution", 1...1024, default: 16, unit: "pixels", "side of the grid on which the noise is drawn")
    public static let noiseForeground = MethodOption.choice(
        "noise_foreground", default: NoiseForeground.none,
        "noise only where the image is brighter than the darkest pixel of its batch, or of itself")
    public static let noiseOffset = MethodOption.number(
        "noise_offset", -10...10, default: -1, "added to the doubled noise; 0 trains without the study's shift")

    public enum NoiseForeground: String, OptionWord { case none, batch, image }
}

extension ModelDescription {
    public static let dae = ModelDescription(
        "dae",
        options: TrainingOptions.all(batchSize: 16, inputSize: 128) + [
            AutoencoderOptions.baseChannels.description, DAEOptions.levels.description, DAEOptions.noiseDeviation.description,
            DAEOptions.noiseResolution.description, DAEOptions.noiseForeground.description, DAEOptions.noiseOffset.description,
        ]
    ) { $0.demand(parameters: $0.unetParameters, activations: $0.unetActivations) } stages: {
        [.training($0, perImage: 3 * $0.unet)]
    }
}

extension MethodDescription {
    public static let dae = MethodDescription(
        "dae", title: "DAE", family: .imageReconstruction, model: .dae, scorer: .residual { $0.unet },
        summary: "U-Net that removes coarse noise; score: mean squared error of the clean image",
        equation: """
            n = 2 · noise + noise_offset; noise ~ N(0, noise_sd²) on a grid of noise_resolution, enlarged and moved around
            loss = mean((x - net(x + n))²)
            map = (x - net(x))², mean over channels; score = mean of the map
            """,
        source: "Kascenas et al., Denoising autoencoders for unsupervised anomaly detection in brain MRI, MIDL 2022")
}
