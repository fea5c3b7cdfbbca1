public enum CeAEOptions {
    public static let maskArea = MethodOption.number(
        "mask_area", 0...1, default: 0.024, "share of the image that the erased square covers")
    public static let maskValue = MethodOption.number(
        "mask_value", -10...10, default: -1, "what the square is filled with; the images are -1...1")
}

extension MethodDescription {
    public static let ceAE = MethodDescription(
        "ceae", title: "CeAE", family: .imageReconstruction,
        model: .autoencoder("ceae", options: [CeAEOptions.maskArea.description, CeAEOptions.maskValue.description]),
        scorer: .residual { $0.autoencoder },
        summary: "autoencoder that fills in an erased square; score: mean squared error of the whole image",
        equation: """
            loss = mean((x - net(x with one square set to mask_value))²), over the whole image
            map = (x - net(x))², mean over channels; score = mean of the map
            """,
        source: "Zimmerer et al., Context-encoding variational autoencoder for unsupervised anomaly detection, MIDL 2019")
}
