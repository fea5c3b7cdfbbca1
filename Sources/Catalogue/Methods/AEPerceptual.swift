extension ModelDescription {
    public static let aePerceptual = ModelDescription(
        "ae-perceptual", options: AutoencoderOptions.all + BackboneOptions.all(.vgg19, .efficientNetLite0)
    ) { sizes in
        let features = BackboneSizes(sizes)
        return sizes.demand(
            parameters: sizes.autoencoderParameters, activations: sizes.autoencoderActivations + 4 * features.peak,
            frozen: features.parameters)
    } stages: { sizes in
        let features = BackboneSizes(sizes).toEighth
        return [
            StageCost("feature statistics", .pass, perUnit: features),
            // Features of both images, and back through those of the reconstruction to its pixels.
            .training(sizes, perImage: 3 * sizes.autoencoder + 3 * features),
        ]
    }
}

extension MethodDescription {
    public static let aePerceptual = MethodDescription(
        "ae-perceptual", title: "AE-PL", family: .imageReconstruction, model: .aePerceptual,
        scorer: .residual("relative-features") { $0.autoencoder + 2 * BackboneSizes($0).toEighth },
        summary: "autoencoder, relative distance of pretrained features; score: the mean of that distance",
        equation: """
            f = features of the backbone at 1/8 of the size (vgg19: relu4_2), each channel less its mean and divided by its
                standard deviation over the training images, measured once before the first step
            F = |f(x) - f(x̂)| / mean |f(x)|, one denominator an image
            loss = mean F
            map = F stretched to the image's size, mean over channels; score = mean of the map
            """,
        source: "Tuluptceva et al., Anomaly detection with deep perceptual autoencoders, arXiv 2006.13265, 2020")
}
