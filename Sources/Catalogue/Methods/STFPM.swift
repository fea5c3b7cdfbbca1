extension ModelDescription {
    public static let stfpm = ModelDescription(
        "stfpm",
        options: [
            TrainingOptions.epochs.with(default: 100, followsDataset: false).description,
            TrainingOptions.batchSize.defaulting(to: 32).description,
            TrainingOptions.learningRate.with(default: 0.4, summary: "step size of SGD with momentum 0.9").description,
            InputOptions.size.defaulting(to: 256).description, InputOptions.rgbOnly.description, InputOptions.precision.description,
        ] + BackboneOptions.all(.resNet18, .wideResNet50, .efficientNetLite0)
    ) { sizes in
        let features = BackboneSizes(sizes)
        return sizes.demand(
            parameters: features.parameters, activations: features.activations.whole + features.peak, frozen: features.parameters)
    } stages: { [.training($0, perImage: 4 * BackboneSizes($0).toSixteenth)] }
}

extension MethodDescription {
    public static let stfpm = MethodDescription(
        "stfpm", title: "STFPM", family: .featureReconstruction, model: .stfpm,
        scorer: ScorerDescription("level-products", options: [MapOptions.score.defaulting(to: .maximum).description]) {
            2 * BackboneSizes($0).toSixteenth
        },
        summary: "student that gives a pretrained teacher's features; score: largest product of their distances at three levels",
        equation: """
            t, s = features of teacher and student at 1/4, 1/8 and 1/16 of the side, of norm 1 at each place
            loss = sum over levels of the mean over places of ‖t - s‖²
            map = product over levels of ‖t - s‖² at 1/4 of the side, stretched to the image's size; score = max of the map
            """,
        source: "Wang et al., Student-teacher feature pyramid matching for anomaly detection, BMVC 2021")
}
