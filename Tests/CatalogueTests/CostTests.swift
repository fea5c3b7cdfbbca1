import Testing

@testable import Catalogue

/// The work of jobs against counts of the networks' layers by hand, and what the study reports.
@Suite struct CostTests {
    /// Multiply-accumulates of training a method on an image, and of scoring one.
    private func cost(_ method: String, _ settings: Settings = [:]) throws -> (training: Double, scoring: Double) {
        let description = try #require(Catalogue.method(method))
        let cost = description.cost(description.resolve(settings, for: .custom("any")))
        return (cost.stages.first { $0.name == "training" }?.perUnit ?? 0, cost.scoringPerImage)
    }

    private func isNear(_ value: Double, _ expected: Double, within share: Double = 0.01) -> Bool {
        abs(value - expected) <= expected * share
    }

    @Test func networksAreAsLargeAsTheyAre() throws {
        #expect(isNear(try cost("ae").scoring, 13.1e6))
        #expect(isNear(try cost("ae").training, 39.4e6))
        #expect(isNear(try cost("ae", ["input_size": 128]).scoring, 52.5e6, within: 0.05))
        #expect(isNear(try cost("dae", ["input_size": 128, "base_channels": 64, "levels": 5]).scoring, 12.0e9))
        #expect(isNear(try cost("dae", ["input_size": 64, "base_channels": 64, "levels": 5]).scoring, 3.0e9))
        // What the study's table gives for scoring, and about 1.1 GMAC for one pass of VGG19 to relu4_2.
        #expect(isNear(try cost("f-anogan", ["input_size": 64, "base_channels": 64, "critic_steps": 5]).scoring, 6.88e9))
        let perceptual = NetworkSizes(["input_size": 64]).perceptual
        #expect(isNear(perceptual, 1.14e9))
        let plain = try cost("ae").training
        #expect(isNear(try cost("ae-perceptual").training, 85 * plain, within: 0.05))
        #expect(isNear(try cost("constrained-ae").training, 1.5 * plain))
        #expect((3...5).contains(try cost("ganomaly").training / plain))
        let variational = try cost("vae")
        #expect(isNear(try cost("vae-grad-rec").scoring, 3 * variational.scoring))
    }

    /// Specification: what the networks take of an image of 256 pixels, forward.
    @Test func distillationIsAsLargeAsItIs() throws {
        let wide: Settings = ["backbone": "wide_resnet50_2", "input_size": 256, "bottleneck_width": 64]
        let layers = DistillationSizes(NetworkSizes(wide))
        #expect(isNear(layers.embedding.work, 5.22e9) && isNear(layers.decoder.work, 11.14e9))
        #expect(isNear((layers.embedding + layers.decoder).parameters, 80.61e6 - 24.86e6))
        let original = DistillationSizes(NetworkSizes(wide.merging(["bottleneck_width": 128]) { $1 }))
        #expect(isNear(original.embedding.work, 7.31e9) && isNear(original.projections.parameters, 15.49e6))
        #expect(isNear(original.projections.work, 9.06e9))
        // What the study reports of pretrained networks.
        #expect(isNear(try cost("resnet152-imagenet").scoring, 11.6e9))
        #expect(isNear(try cost("msc").scoring, 1.82e9))
        #expect(isNear(try cost("rd").scoring, 28.36e9, within: 0.05))
        // ViT-S at 448 pixels, and Dinomaly with ViT-B at 392: a step of it takes 212 GMAC.
        #expect(isNear(BackboneSizes(NetworkSizes(["backbone": "dinov2_vits14", "input_size": 448])).whole, 31.7e9, within: 0.03))
        #expect(isNear(try cost("dinomaly").scoring, 115e9, within: 0.03))
        #expect(isNear(try cost("dinomaly").training, 212e9, within: 0.05))
    }

    @Test func optionsChangeTheWork() throws {
        let plain = try cost("ae").training
        for settings: Settings in [["width": 2], ["depth": 2], ["hidden_size": 2048], ["input_size": 128], ["color": "rgb"]] {
            let larger = try cost("ae", settings)
            #expect(larger.training > plain, "\(settings)")
        }
        // A block of two convolutions: 9 · c² · s² more on either side.
        let blocks: [(channels: Double, side: Double)] = [(16, 32), (32, 16), (64, 8), (64, 4)]
        let extra = blocks.reduce(0.0) { $0 + 18 * $1.channels * $1.channels * $1.side * $1.side }
        let deeper = try cost("ae", ["depth": 2])
        let shallow = try cost("ae")
        #expect(deeper.scoring == shallow.scoring + extra)
    }

    /// Every method of the catalogue has a cost, and asks for memory that grows with its images.
    @Test(arguments: Catalogue.methods.map(\.name)) func everyMethodIsKnown(_ name: String) throws {
        let method = try #require(Catalogue.method(name))
        let configuration = method.resolve([:], for: .custom("any"))
        let cost = method.cost(configuration)
        #expect(cost.scoringPerImage > 0 && cost.stages.allSatisfy { $0.perUnit > 0 })
        let usual = method.resources(configuration)
        #expect(usual.threads == 1 && usual.memory > 100 << 20 && usual.gpuMemory > 100 << 20)
        let larger = method.resources(configuration.merging(["input_size": .integer(2 * (configuration["input_size"]?.integerValue ?? 64))]) { $1 })
        #expect(larger.memory > usual.memory)
    }

    /// Steps and images of a run: the study's epochs of its training images in batches of 64, then its test images once.
    @Test(arguments: [
        ("rsna", 15_282, 0.96e6, 2000), ("vincxr", 15_782, 1.00e6, 2000), ("brain", 9619, 0.60e6, 1200), ("lag", 6026, 0.375e6, 1622),
        ("isic", 26_274, 1.68e6, 1512), ("c16", 20_035, 1.27e6, 2233), ("brats", 16_544, 1.05e6, 2776),
    ])
    func runsAreAsLong(_ name: String, _ steps: Int, _ images: Double, _ scored: Int) throws {
        let dataset = try #require(Catalogue.dataset(name)), method = try #require(Catalogue.method("ae"))
        let job = JobDescription(
            method: "ae", configuration: method.resolve([:], for: dataset), dataset: name, fingerprint: "f", seed: 0)
        let counts = try #require(dataset.study)
        let cost = try #require(JobCost(job, counts: counts))
        #expect(cost.steps == Double(steps))
        #expect(isNear(cost.trainingImages, images))
        #expect(cost.scoredImages == Double(scored))
    }

    /// Steps instead of epochs, and a second stage.
    @Test func otherLengths() throws {
        let counts = StudyCounts(train: 100, testNormal: 10, testAbnormal: 10)
        func job(_ method: String, _ settings: Settings) -> JobDescription {
            JobDescription(method: method, configuration: settings, dataset: "d", fingerprint: "f", seed: 0)
        }
        let steps = try #require(JobCost(job("fae-mse", ["steps": 10, "batch_size": 30, "input_size": 128, "color": "rgb"]), counts: counts))
        #expect(steps.trainingImages == 260 && steps.steps == 11)
        let stages = try #require(
            JobCost(job("f-anogan", ["epochs": 3, "encoder_epochs": 2, "batch_size": 50, "input_size": 64]), counts: counts))
        #expect(stages.trainingImages == 500 && stages.steps == 11)
    }

    /// The two runs that the machine's figures were taken from.
    @Test func machineIsAsItWasSeen() throws {
        let dataset = try #require(Catalogue.dataset("rsna"))
        let ae = JobDescription(
            method: "ae", configuration: try #require(Catalogue.method("ae")).resolve([:], for: dataset), dataset: "rsna",
            fingerprint: "f", seed: 0)
        let dae = JobDescription(
            method: "dae",
            configuration: ["epochs": 250, "batch_size": 64, "input_size": 64, "base_channels": 64, "levels": 5, "color": "grey"],
            dataset: "rsna", fingerprint: "f", seed: 0)
        let counts = try #require(dataset.study)
        #expect(isNear(Machine.t4.seconds(try #require(JobCost(ae, counts: counts))), 96, within: 0.1))
        #expect(isNear(Machine.t4.seconds(try #require(JobCost(dae, counts: counts))), 82 * 60, within: 0.1))
    }
}
