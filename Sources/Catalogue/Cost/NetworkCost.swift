/// Multiply-accumulates of a method's networks for one image (specification 6).
public struct NetworkCost: Sendable, Hashable {
    /// Of a training step, forward, backward and whatever else it does, per image. A backward pass counts twice a forward one.
    public let training: Double
    /// Of scoring.
    public let scoring: Double
    /// What f-AnoGAN's second stage takes per training image; `nil` for all others.
    public let secondStage: Double?

    init(training: Double, scoring: Double, secondStage: Double? = nil) {
        self.training = training
        self.scoring = scoring
        self.secondStage = secondStage
    }

    /// `nil` for a method that the table does not have.
    public init?(method: String, configuration: Settings) {
        let network = NetworkSizes(configuration)
        let forward = network.autoencoder
        switch method {
        case "ae", "ae-l1", "ae-ssim", "ceae", "memae", "ae-u", "vae": self.init(training: 3 * forward, scoring: forward)
        case "ae-spatial": self.init(training: 3 * network.spatialAutoencoder, scoring: network.spatialAutoencoder)
        case "constrained-ae": self.init(training: 3 * (forward + network.encoder), scoring: forward)
        case "ae-grad", "vae-grad-rec", "vae-grad-elbo", "vae-grad-combi":
            self.init(training: 3 * forward, scoring: 3 * forward)
        case "vae-grad-kl": self.init(training: 3 * forward, scoring: 3 * network.encoder)
        case "ganomaly":
            // The generator encodes twice; the discriminator, as large as an encoder, sees both images, and each of the two
            // losses goes back through it.
            let generator = forward + network.encoder
            self.init(training: 3 * generator + 2 * 5 * network.encoder, scoring: generator)
        case "ae-perceptual":
            // Features of both images, and back through those of the reconstruction to its pixels.
            self.init(training: 3 * forward + 3 * network.perceptual, scoring: forward + 2 * network.perceptual)
        case "dae": self.init(training: 3 * network.unet, scoring: network.unet)
        case "f-anogan":
            let (generator, critic) = (network.residualGenerator, network.residualCritic)
            let steps = Double(network.integer("critic_steps", 5))
            // Three images forward and two back for the critic's loss, its penalty forward and back to the image and
            // through both again; every so many batches the generator's own step.
            self.init(
                training: generator + 11 * critic + (3 * generator + 3 * critic) / steps,
                scoring: critic + generator + 2 * critic,
                secondStage: 3 * critic + 2 * generator + 3 * critic)
        case "fae-ssim", "fae-mse":
            self.init(
                training: network.featureExtractor + 3 * network.featureAutoencoder,
                scoring: network.featureExtractor + network.featureAutoencoder)
        default: return nil
        }
    }
}
