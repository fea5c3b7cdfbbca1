/// Methods that reconstruct the image and score by what is left.
extension Catalogue {
    static let imageReconstruction: [MethodDescription] = [
        .init("ae", title: "AE", family: .imageReconstruction, options: autoencoder,
              summary: "autoencoder, squared error; score: mean squared error",
              equation: """
                  loss = mean(e²)
                  map = e², mean over channels; score = mean of the map
                  """,
              source: comparison),
        .init("ae-l1", title: "AE-l1", family: .imageReconstruction, options: autoencoder,
              summary: "autoencoder, absolute error; score: mean absolute error",
              equation: """
                  loss = mean(|e|)
                  map = |e|, mean over channels; score = mean of the map
                  """,
              source: comparison),
        .init("ae-ssim", title: "AE-SSIM", family: .imageReconstruction, options: autoencoder + [mapStretching],
              summary: "autoencoder, structural dissimilarity; score: mean of the resized 1 - SSIM map",
              equation: """
                  loss = mean(1 - SSIM(x, x̂)), Gaussian window of 11 pixels, σ = 1.5, no padding, images mapped to 0...1
                  map = 1 - SSIM, stretched to the image's size; score = mean of the map
                  map_stretching: false: map = 1 - SSIM, each value at its pixel, its edge repeated; score = mean of 1 - SSIM
                  """,
              source: "Bergmann et al., Improving unsupervised defect segmentation by applying structural similarity to "
                  + "autoencoders, VISAPP 2019"),
        .init("ae-spatial", title: "AE-Spatial", family: .imageReconstruction, options: spatial,
              summary: "autoencoder whose code keeps the places; score: mean squared error",
              equation: """
                  code = 1×1 convolutions to hidden_size and latent_size channels, at 1/16 of the image's size
                  loss = mean(e²)
                  map = e², mean over channels; score = mean of the map
                  """,
              source: comparison),
        .init("vae", title: "VAE", family: .imageReconstruction, options: variational,
              summary: "variational autoencoder; score: mean squared error of one posterior draw",
              equation: """
                  z = μ + exp(s / 2) ε, ε ~ N(0, 1)
                  loss = mean(e²) + kl_weight · KL, KL = mean of -½ (1 + s - μ² - exp s)
                  map = e² of one draw, mean over channels; score = mean of the map
                  """,
              source: "Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014"),
        .init("constrained-ae", title: "Constrained AE", family: .imageReconstruction,
              options: autoencoder + [codeWeight],
              summary: "autoencoder whose reconstruction has the image's code; score: mean squared error",
              equation: """
                  z = E(x), x̂ = D(z), z' = E(x̂)
                  loss = mean(e²) + code_weight · mean((z - z')²)
                  map = e², mean over channels; score = mean of the map
                  """,
              source: "Chen and Konukoglu, Unsupervised detection of lesions in brain MRI using constrained adversarial "
                  + "auto-encoders, MIDL 2018"),
        .init("memae", title: "MemAE", family: .imageReconstruction, options: memory,
              summary: "autoencoder whose codes are put together from a memory; score: mean squared error",
              equation: """
                  a = softmax(z Mᵀ), shrunk by a ← max(a - λ, 0) a / |a - λ|, divided by its sum; λ = shrink_threshold
                  x̂ = D(a M)
                  loss = mean(e²) + entropy_weight · mean(-Σ a log a)
                  map = e², mean over channels; score = mean of the map
                  """,
              source: "Gong et al., Memorizing normality to detect anomaly: memory-augmented deep autoencoder for "
                  + "unsupervised anomaly detection, ICCV 2019"),
        .init("ceae", title: "CeAE", family: .imageReconstruction, options: contextEncoding,
              summary: "autoencoder that fills in an erased square; score: mean squared error of the whole image",
              equation: """
                  loss = mean((x - net(x with one square set to mask_value))²), over the whole image
                  map = (x - net(x))², mean over channels; score = mean of the map
                  """,
              source: "Zimmerer et al., Context-encoding variational autoencoder for unsupervised anomaly detection, MIDL 2019"),
        .init("f-anogan", title: "f-AnoGAN", family: .imageReconstruction, options: adversarialEncoder,
              summary: "Wasserstein GAN, then an encoder for it; score: squared error of image and critic's features",
              equation: """
                  stage 1, critic: loss = mean D(G(z)) - mean D(x) + penalty_weight · mean((‖∂D/∂x‖ - 1)²)
                  stage 1, generator, every critic_steps batches: loss = -mean D(G(z))
                  stage 2, encoder: loss = mean(e²) + feature_weight · mean((f(x) - f(x̂))²), x̂ = G(E(x))
                  map = e², mean over channels; score = mean(e²) + feature_weight · mean((f(x) - f(x̂))²)
                  """,
              source: "Schlegl et al., f-AnoGAN: fast unsupervised anomaly detection with generative adversarial networks, "
                  + "Medical Image Analysis 54, 2019"),
        .init("ganomaly", title: "GANomaly", family: .imageReconstruction, options: adversarial,
              summary: "encoder, decoder, encoder and a discriminator; score: squared distance of the two codes, no map",
              equation: """
                  z = E₁(x), x̂ = D(z), ẑ = E₂(x̂)
                  generator: loss = feature_weight · mean((f(x) - f(x̂))²) + reconstruction_weight · mean(e²)
                      + code_weight · mean((z - ẑ)²)
                  discriminator: loss = ½ (BCE(D(x), 1) + BCE(D(x̂), 0))
                  score = mean((z - ẑ)²) over the code, normalised by each image's own statistics
                  """,
              source: "Akcay et al., GANomaly: semi-supervised anomaly detection via adversarial training, ACCV 2018"),
        .init("ae-u", title: "AE-U", family: .imageReconstruction, options: autoencoder,
              summary: "autoencoder that predicts each pixel's variance; score: mean of the weighted squared error",
              equation: """
                  (x̂, s) = net(x), s = logarithm of the variance
                  loss = mean(exp(-s) e² + s)
                  map = exp(-s) e², mean over channels; score = mean of the map
                  """,
              source: "Mao et al., Abnormality detection in chest X-ray images using uncertainty prediction autoencoders, "
                  + "MICCAI 2020"),
        .init("dae", title: "DAE", family: .imageReconstruction, options: denoising,
              summary: "U-Net that removes coarse noise; score: mean squared error of the clean image",
              equation: """
                  n = 2 · noise + noise_offset; noise ~ N(0, noise_sd²) on a grid of noise_resolution, enlarged and moved around
                  loss = mean((x - net(x + n))²)
                  map = (x - net(x))², mean over channels; score = mean of the map
                  """,
              source: "Kascenas et al., Denoising autoencoders for unsupervised anomaly detection in brain MRI, MIDL 2022"),
    ]

    private static let comparison =
        "Baur et al., Autoencoders for unsupervised anomaly segmentation in brain MR images: a comparative study, "
        + "Medical Image Analysis 69, 2021"

    private static let codeWeight = weight(
        "code_weight", 1, "weight of the distance between the codes of image and reconstruction")

    private static let spatial = training() + [
        latentSize(16, "channels of the code"),
        .init("hidden_size", .integer(1...65_536), default: 1024, "channels on either side of the code"),
        .init("width", .integer(1...64), default: 1, "multiple of the backbone's 16 base channels"),
        .init("depth", .integer(1...16), default: 1, "convolutions in each block"),
    ]

    private static let memory = autoencoder + [
        .init("memory_size", .integer(1...65_536), default: 25, "codes in the memory"),
        .init("shrink_threshold", .number(0...1), default: 0.0025, "weights of codes below it become zero; 0 shrinks none"),
        weight("entropy_weight", 0.0002, "weight of the entropy of the memory's weights"),
    ]

    private static let contextEncoding = autoencoder + [
        .init("mask_area", .number(0...1), default: 0.024, "share of the image that the erased square covers"),
        .init("mask_value", .number(-10...10), default: -1, "what the square is filled with; the images are -1...1"),
    ]

    private static let adversarial = autoencoder + [
        weight("feature_weight", 1, "weight of the distance of the discriminator's features"),
        weight("reconstruction_weight", 50, "weight of the squared error"),
        codeWeight,
        weight("discriminator_threshold", 1e-5, "an epoch's mean loss of the discriminator below which it begins anew"),
        .init("score_statistics", .choice(["image", "running"]), default: "image",
              "what scoring normalises by: each image's own statistics, as the study, or training's running ones"),
    ]

    private static let adversarialEncoder = training(
        epochs: epochs(3000, followsDataset: false, "passes over the training images that train the GAN")
    ) + [
        .init("encoder_epochs", .integer(1...1_000_000), default: 300, "further passes that train the encoder"),
        latentSize(128), baseChannels(64),
        .init("critic_steps", .integer(1...10_000), default: 5,
              "batches of an epoch to each of the generator's; with fewer, it has the last"),
        weight("penalty_weight", 10, "weight of the gradient penalty"),
        weight("feature_weight", 1, "weight of the distance of the critic's features"),
    ]

    private static let denoising = training(batchSize: 16, inputSize: 128) + [
        baseChannels(64),
        .init("levels", .integer(1...8), default: 5, "levels of the U-Net; each halves the image and doubles the channels"),
        .init("noise_sd", .number(0...100), default: 0.2, "standard deviation of the noise before it is doubled"),
        .init("noise_resolution", .integer(1...1024), default: 16, "side of the grid on which the noise is drawn"),
        .init("noise_foreground", .choice(["none", "batch", "image"]), default: "none",
              "noise only where the image is brighter than the darkest pixel of its batch, or of itself"),
        .init("noise_offset", .number(-10...10), default: -1, "added to the doubled noise; 0 trains without the study's shift"),
    ]
}
