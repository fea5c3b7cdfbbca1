public enum AESSIMOptions {
    public static let mapStretching = MethodOption.boolean(
        "map_stretching", default: true,
        "whether SSIM's map, 10 pixels smaller than the image, is stretched over it, as the study, or stays in its place")
}

extension MethodDescription {
    public static let aeSSIM = MethodDescription(
        "ae-ssim", title: "AE-SSIM", family: .imageReconstruction, model: .autoencoder("ae-ssim"),
        scorer: .residual("structural-dissimilarity", options: [AESSIMOptions.mapStretching.description]) { $0.autoencoder },
        summary: "autoencoder, structural dissimilarity; score: mean of the resized 1 - SSIM map",
        equation: """
            loss = mean(1 - SSIM(x, x̂)), Gaussian window of 11 pixels, σ = 1.5, no padding, images mapped to 0...1
            map = 1 - SSIM, stretched to the image's size; score = mean of the map
            map_stretching: false: map = 1 - SSIM, each value at its pixel, its edge repeated; score = mean of 1 - SSIM
            """,
        source: "Bergmann et al., Improving unsupervised defect segmentation by applying structural similarity to "
            + "autoencoders, VISAPP 2019")
}
