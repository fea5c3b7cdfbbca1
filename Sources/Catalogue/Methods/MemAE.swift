public enum MemAEOptions {
    public static let memorySize = MethodOption.integer("memory_size", 1...65_536, default: 25, "codes in the memory")
    public static let shrinkThreshold = MethodOption.number(
        "shrink_threshold", 0...1, default: 0.0025, "weights of codes below it become zero; 0 shrinks none")
    public static let entropyWeight = MethodOption.weight(
        "entropy_weight", default: 0.0002, "weight of the entropy of the memory's weights")
}

extension MethodDescription {
    public static let memAE = MethodDescription(
        "memae", title: "MemAE", family: .imageReconstruction,
        model: .autoencoder(
            "memae",
            options: [
                MemAEOptions.memorySize.description, MemAEOptions.shrinkThreshold.description, MemAEOptions.entropyWeight.description,
            ]),
        scorer: .residual { $0.autoencoder },
        summary: "autoencoder whose codes are put together from a memory; score: mean squared error",
        equation: """
            a = softmax(z Mᵀ), shrunk by a ← max(a - λ, 0) a / |a - λ|, divided by its sum; λ = shrink_threshold
            x̂ = D(a M)
            loss = mean(e²) + entropy_weight · mean(-Σ a log a)
            map = e², mean over channels; score = mean of the map
            """,
        source: "Gong et al., Memorizing normality to detect anomaly: memory-augmented deep autoencoder for "
            + "unsupervised anomaly detection, ICCV 2019")
}
