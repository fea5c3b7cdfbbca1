/// Numbers that the study's networks keep of one image on the way to its loss, from the options that give their sizes; with each
/// convolution go its normalisation and its activation.
extension NetworkSizes {
    private static let perConvolution = 3.0

    private var backboneWidth: Double { 16 * Double(self[AutoencoderOptions.width]) }

    /// The common autoencoder's, both halves.
    var autoencoderActivations: Double {
        let depth = Double(self[AutoencoderOptions.depth])
        var half = 0.0
        for (level, multiple) in [1.0, 2, 4, 4].enumerated() {
            half += multiple * backboneWidth * depth * side * side / Double(4 << (2 * level))
        }
        return 2 * (Self.perConvolution * half + 3 * Double(self[AutoencoderOptions.hiddenSize])) + 2 * channelsOfImage
    }

    private var channelsOfImage: Double { channels * side * side }

    /// Parameters of the common autoencoder, its two halves being alike.
    var autoencoderParameters: Double {
        let (width, hidden) = (backboneWidth, Double(self[AutoencoderOptions.hiddenSize]))
        let features = 4 * width * side * side / 256
        let convolutions = 16 * (channels * width + 2 * width * width + 8 * width * width + 16 * width * width)
        return 2 * (convolutions + features * hidden + hidden * Double(self[AutoencoderOptions.latentSize]))
    }

    /// DAE's U-Net: two convolutions a level on either side.
    var unetActivations: Double {
        let base = Double(self[AutoencoderOptions.baseChannels])
        var sum = 0.0
        for level in 0..<self[DAEOptions.levels] { sum += 4 * Self.perConvolution * base * side * side / Double(1 << level) }
        return sum
    }

    var unetParameters: Double {
        let base = Double(self[AutoencoderOptions.baseChannels])
        var sum = 0.0
        for level in 0..<self[DAEOptions.levels] { sum += 50 * base * base * Double(1 << (2 * level)) }
        return sum
    }

    /// f-AnoGAN's generator and critic, which see three images for one.
    var residualActivations: Double {
        let base = Double(self[AutoencoderOptions.baseChannels])
        var sum = 0.0
        for level in 0..<4 {
            let channels = base * Double(1 << level)
            sum += 2 * Self.perConvolution * channels * side * side / Double(1 << (2 * level))
        }
        return 4 * sum
    }

    var residualParameters: Double {
        let share = Double(self[AutoencoderOptions.baseChannels]) / 64
        return 28.5e6 * share * share
    }

    /// A demand for memory of networks trained on whole batches.
    func demand(parameters: Double, activations perImage: Double, frozen: Double = 0) -> MemoryDemand {
        MemoryDemand(
            parameters: parameters, frozen: frozen, activations: Double(self[TrainingOptions.batchSize]) * perImage)
    }

    /// That of the common autoencoder, `times` it.
    func autoencoderDemand(times factor: Double = 1) -> MemoryDemand {
        demand(parameters: factor * autoencoderParameters, activations: factor * autoencoderActivations)
    }
}
