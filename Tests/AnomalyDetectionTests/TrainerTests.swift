import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

struct TrainerTests {
    private func job(_ method: String, seed: Int = 3, _ settings: Settings = [:]) throws -> JobDescription {
        // Three epochs for every method; GANomaly's discriminator begins anew after each, f-AnoGAN's encoder has the last.
        let small: Settings = [
            "input_size": method == "ganomaly" ? 32 : 16, "hidden_size": 8, "latent_size": 2, "batch_size": 4,
            "epochs": method == "f-anogan" ? 2 : 3, "encoder_epochs": 1, "critic_steps": 2, "base_channels": 2, "levels": 3,
            "memory_size": 5, "noise_resolution": 4, "noise_foreground": "batch", "discriminator_threshold": 1000,
        ]
        let description = try #require(Catalogue.method(method))
        // AE-SSIM's window of 11 pixels leaves a 6 × 6 map of 16 pixels.
        return JobDescription(
            method: method, configuration: description.resolve(small.merging(settings) { $1 }, for: .custom("stripes")),
            dataset: "stripes", fingerprint: String(repeating: "0", count: 64), seed: seed)
    }

    /// Eleven images of stripes of different directions.
    private func images(_ job: JobDescription) throws -> ImageBatches {
        let side = try MethodSettings(job.configuration).integer("input_size")
        let bytes = (0..<11 * side * side).map { place -> UInt8 in
            let (image, row, column) = (place / (side * side), place % (side * side) / side, place % side)
            return UInt8((column * (image + 1) + row * 7) % 256)
        }
        return ImageBatches(try Tensor(bytes, shape: [11, 1, side, side]))
    }

    private func trainer(_ job: JobDescription, _ state: TrainingState) throws -> Trainer {
        Trainer(state: state, images: try images(job), batchSize: 4)
    }

    private func bits(_ state: TrainingState) throws -> [[UInt32]] {
        try (state.method.network.state + state.optimisers.state).map { try $0.tensor.elements(Float.self).map(\.bitPattern) }
    }

    @Test func lastBatchOfOneJoinsTheOneBefore() {
        #expect(Trainer.batches(count: 10, size: 4) == [0..<4, 4..<8, 8..<10])
        #expect(Trainer.batches(count: 9, size: 4) == [0..<4, 4..<9])
        #expect(Trainer.batches(count: 4, size: 4) == [0..<4])
        #expect(Trainer.batches(count: 3, size: 4) == [0..<3])
    }

    /// Methods that differ in scoring only leave the very weights of the method that they are trained as, and take them over.
    @Test(arguments: Catalogue.methods.filter { $0.trainedAs != nil }.map(\.name)) func weightsAreShared(_ method: String) throws {
        let job = try job(method)
        let training = try #require(job.trainingJob)
        func train(_ job: JobDescription) throws -> TrainingState {
            let state = try TrainingState(job)
            let trainer = try trainer(job, state)
            while !trainer.isFinished { _ = try trainer.advance() }
            return state
        }
        let weights = try train(training).weights(of: training)
        let own = try train(job)
        #expect(try own.weights(of: job) == weights)

        let taken = try TrainingState(job)
        try taken.take(weights, name: "weights", job: job)
        #expect(taken.losses == own.losses)
        let images = try images(job)
        func scores(_ state: TrainingState) throws -> [Double] {
            try Scoring(state.method, images: images, seed: 3, keepingMaps: false).scores
        }
        #expect(try scores(taken) == scores(own))
        let base = try TrainingState(training)
        #expect(throws: TrainingError.self) { try base.take(weights, name: "weights", job: training) }
        let other = try self.job(method, seed: 4)
        #expect(throws: TrainingError.self) { try TrainingState(other).take(weights, name: "weights", job: other) }
    }

    /// A job stopped after any number of steps, in the middle of an epoch too, and resumed from its checkpoint ends
    /// with the very bits of one that was never stopped.
    /// Methods on pretrained features have a test of their own.
    @Test(arguments: Catalogue.methods.filter { $0.option("backbone") == nil }.map(\.name)) func resumeIsBitIdentical(_ method: String) throws {
        let job = try job(method)
        let whole = try TrainingState(job)
        let wholeTrainer = try trainer(job, whole)
        var steps = 0
        #expect(wholeTrainer.epochs == 3)
        while !wholeTrainer.isFinished {
            _ = try wholeTrainer.advance()
            steps += 1
        }
        #expect(steps == 9)
        // In the middle of an epoch; where a method keeps something of its own over an epoch, between epochs as well.
        for stop in ["vae", "ganomaly", "f-anogan"].contains(method) ? [1, 3, 5, 8] : [5] {
            let first = try TrainingState(job)
            let firstTrainer = try trainer(job, first)
            for _ in 0..<stop { _ = try firstTrainer.advance() }
            let file = try first.checkpoint(of: job)
            let second = try TrainingState(job)
            try second.restore(file, name: "checkpoint", job: job)
            let secondTrainer = try trainer(job, second)
            while !secondTrainer.isFinished { _ = try secondTrainer.advance() }
            #expect(second.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern), "stopped after \(stop) steps")
            #expect(try bits(second) == bits(whole), "stopped after \(stop) steps")
            #expect(second.optimisers.steps == whole.optimisers.steps, "stopped after \(stop) steps")
        }
    }

    @Test func seedsMatterAndRepeat() throws {
        func losses(_ seed: Int) throws -> [Double] {
            let job = try job("vae", seed: seed)
            let state = try TrainingState(job)
            let trainer = try trainer(job, state)
            while state.epoch < 2 { _ = try trainer.advance() }
            return state.losses
        }
        #expect(try losses(1) == losses(1))
        #expect(try losses(1) != losses(2))
    }

    /// Scoring in the middle of training changes nothing that comes after.
    @Test(arguments: Catalogue.methods.filter { $0.option("backbone") == nil }.map(\.name))
    func scoringDoesNotDisturbTraining(_ method: String) throws {
        func trained(scoring: Bool) throws -> TrainingState {
            let job = try job(method)
            let state = try TrainingState(job)
            let trainer = try trainer(job, state)
            while !trainer.isFinished {
                if try trainer.advance(), scoring {
                    _ = try Scoring(state.method, images: images(job), seed: 3, keepingMaps: false)
                }
            }
            return state
        }
        let (alone, watched) = (try trained(scoring: false), try trained(scoring: true))
        #expect(watched.losses.map(\.bitPattern) == alone.losses.map(\.bitPattern))
        #expect(try bits(watched) == bits(alone))
    }

    /// What the study does in a way of its own can be done in the usual one.
    @Test(arguments: [
        ("vae", "score_sampling", Setting.boolean(false)), ("ganomaly", "score_statistics", "running"),
        ("dae", "noise_foreground", "none"), ("dae", "noise_offset", 0),
    ]) func alternativesDiffer(_ method: String, _ option: String, _ value: Setting) throws {
        func scores(_ settings: Settings, seed: UInt64) throws -> [Double] {
            let job = try job(method, settings)
            let state = try TrainingState(job)
            let trainer = try trainer(job, state)
            for _ in 0..<3 { _ = try trainer.advance() }
            return try Scoring(state.method, images: images(job), seed: seed, keepingMaps: false).scores
        }
        let (study, other) = (try scores([:], seed: 1), try scores([option: value], seed: 1))
        #expect(study != other && other.allSatisfy(\.isFinite))
        #expect(try scores([option: value], seed: 2) == other)
    }

    @Test func lossThatIsNotANumberIsAnError() throws {
        let job = try job("ae", ["learning_rate": 10])
        let state = try TrainingState(job)
        // Infinite weights, as a training that diverged would have.
        try state.method.network.namedParameters[0].tensor.fill(.infinity)
        let trainer = try trainer(job, state)
        let error = #expect(throws: TrainingError.self) { try trainer.advance() }
        #expect(error?.description.contains("epoch 1") == true)
    }

    @Test func checkpointsOfOtherJobsAndDamagedOnesAreRefused() throws {
        let job = try job("ae")
        let state = try TrainingState(job)
        let file = try state.checkpoint(of: job)
        let other = try self.job("ae", seed: 4)
        let error = #expect(throws: TrainingError.self) {
            try TrainingState(other).restore(file, name: "c.safetensors", job: other)
        }
        #expect(error?.description.contains("c.safetensors") == true)
        #expect(throws: TorchError.self) {
            try TrainingState(job).restore(file.prefix(file.count / 2), name: "c.safetensors", job: job)
        }
    }

    @Test func settingsAreReadByKind() throws {
        let settings = MethodSettings(["epochs": 3, "kl_weight": 0.5, "color": "rgb"])
        #expect(try settings.integer("epochs") == 3)
        #expect(try settings.number("kl_weight") == 0.5)
        #expect(try settings.number("epochs") == 3)
        #expect(try settings.channels() == 3)
        let error = #expect(throws: TrainingError.self) { try settings.integer("kl_weight") }
        #expect(error?.description.contains("kl_weight") == true)
        #expect(throws: TrainingError.self) { try settings.integer("absent") }
        #expect(try settings.text("color") == "rgb")
        #expect(try settings.boolean("absent", default: true))
        #expect(throws: TrainingError.self) { try settings.boolean("absent") }
        #expect(throws: TrainingError.self) { try settings.boolean("color", default: true) }
    }

    /// Scores are what they are however many images are scored at once, and scoring leaves the network as it was: with
    /// statistics of single images and with gradients too.
    @Test(arguments: Catalogue.methods.filter { $0.option("backbone") == nil }.map(\.name)) func scoresDoNotDependOnTheBatch(_ method: String) throws {
        let job = try job(method)
        let state = try TrainingState(job)
        let trainer = try trainer(job, state)
        while !trainer.isFinished { _ = try trainer.advance() }
        let before = try bits(state)
        let images = try images(job)
        let scoring = try Scoring(state.method, images: images, seed: 3, keepingMaps: true)
        #expect(scoring.scores.allSatisfy { $0.isFinite && $0 >= 0 })
        #expect(Set(scoring.scores).count > 1)
        #expect(method == "ganomaly" ? scoring.maps.isEmpty : scoring.maps.count == 11 * 256)
        #expect(try bits(state) == before)
        #expect(state.method.network.trainableParameters.allSatisfy { $0.tensor.gradient == nil })
        // One draw an image, in the order of the images, is not the same stream for single images.
        guard !(state.method is VariationalMethod) else { return }
        let generator = try Generator(seed: 0)
        state.method.network.train(false)
        let single = try (0..<11).map { index -> Double in
            let image = try images.batch(start: index, count: 1)
            let result = if state.method.scoresByGradients {
                try state.method.scores(image, generator: generator)
            } else {
                try Tensor.withoutGradients { try state.method.scores(image, generator: generator) }
            }
            return try result.scores.item()
        }
        expectClose(scoring.scores, single, within: 1e-5, method)
    }
}
