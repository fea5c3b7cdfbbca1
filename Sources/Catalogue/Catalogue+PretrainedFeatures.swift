/// Methods that look at images through a network trained on ImageNet.
extension Catalogue {
    static let pretrainedFeatures: [MethodDescription] = [
        .init("ae-perceptual", title: "AE-PL", family: .imageReconstruction,
              options: autoencoder + pretrained(["vgg19", "efficientnet-lite0"]),
              summary: "autoencoder, relative distance of pretrained features; score: the mean of that distance",
              equation: """
                  f = features of the backbone at 1/8 of the size (vgg19: relu4_2), each channel less its mean and divided by its
                      standard deviation over the training images, measured once before the first step
                  F = |f(x) - f(x̂)| / mean |f(x)|, one denominator an image
                  loss = mean F
                  map = F stretched to the image's size, mean over channels; score = mean of the map
                  """,
              source: "Tuluptceva et al., Anomaly detection with deep perceptual autoencoders, arXiv 2006.13265, 2020"),
        .init("fae-ssim", title: "FAE-SSIM", family: .featureReconstruction, options: featureAutoencoder,
              summary: "autoencoder of pretrained features, structural similarity; score: mean of -SSIM",
              equation: """
                  f = three levels of the backbone (resnet18: stem, layer1, layer2), resized to 1/4 of the image and put together
                  loss = -mean SSIM(f, f̂), Gaussian window of 5, σ = 1.5, zeros around f, channel by channel
                  map = -SSIM, mean over channels, stretched to the image's size; score = its mean before stretching
                  """,
              source: featureAutoencoderSource),
        .init("fae-mse", title: "FAE-MSE", family: .featureReconstruction, options: featureAutoencoder,
              summary: "autoencoder of pretrained features, squared error; score: mean squared error",
              equation: """
                  f = three levels of the backbone (resnet18: stem, layer1, layer2), resized to 1/4 of the image and put together
                  loss = mean((f - f̂)²)
                  map = (f - f̂)², mean over channels, stretched to the image's size; score = its mean before stretching
                  """,
              source: featureAutoencoderSource),
    ]

    private static let featureAutoencoderSource =
        "Meissen et al., Unsupervised anomaly localization with structural feature-autoencoders, BrainLes 2022"

    /// Which pretrained network gives the features; the first one is the study's.
    private static func pretrained(_ backbones: [String]) -> [OptionDescription] {
        [
            .init("backbone", .choice(backbones), default: .text(backbones[0]), "the network that gives the features"),
            .init("weights", .choice(["imagenet", "random"]), default: "imagenet", "the weights of that network"),
        ]
    }

    /// FAE is trained for a number of steps on colour images.
    private static let featureAutoencoder: [OptionDescription] = [
        .init("steps", .integer(1...100_000_000), default: 10_000, "optimiser steps"),
        .init("batch_size", .integer(2...65_536), default: 64, "images a step; the last partial batch of a pass is kept"),
        .init("learning_rate", .number(1e-9...10), default: 5e-4, "Adam's step size"),
        .init("input_size", .multiple(of: 64, 64...1024), default: 128, "side of the square input in pixels"),
        .init("color", .choice(["rgb"]), default: "rgb", "what the images are converted to: 3 channels, as pretrained networks take them"),
        .init("threads", .integer(1...1024), default: 1, "compute threads; changes the last digits of a result"),
    ] + pretrained(["resnet18", "efficientnet-lite0"]) + [
        .init("dropout", .number(0...0.99), default: 0.1, "share of channels that each training step drops"),
        .init("extractor", .choice(["train", "eval"]), default: "train",
              "mode of the backbone during training: in the study its batch statistics drift"),
    ]
}
