import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

struct TrainerTests {
    private func job(_ method: String, seed: Int = 3, _ settings: Settings = [:]) throws -> JobDescription {
        let small: Settings = ["input_size": 16, "hidden_size": 8, "latent_size": 2, "batch_size": 4]
        let description = try #require(Catalogue.method(method))
        // AE-SSIM's window of 11 pixels leaves a 6 × 6 map of 16 pixels.
        return JobDescription(
            method: method, configuration: description.resolve(small.merging(settings) { $1 }, for: .custom("stripes")),
            dataset: "stripes", fingerprint: String(repeating: "0", count: 64), seed: seed)
    }

    /// Eleven images of stripes of different directions.
    private func images() throws -> ImageBatches {
        let bytes = (0..<11 * 256).map { place -> UInt8 in
            let (image, row, column) = (place / 256, place % 256 / 16, place % 16)
            return UInt8((column * (image + 1) + row * 7) % 256)
        }
        return ImageBatches(try Tensor(bytes, shape: [11, 1, 16, 16]))
    }

    private func trainer(_ job: JobDescription, _ state: TrainingState) throws -> Trainer {
        Trainer(state: state, images: try images(), batchSize: 4)
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

    /// A job stopped after any number of steps, in the middle of an epoch too, and resumed from its checkpoint ends
    /// with the very bits of one that was never stopped.
    @Test(arguments: Catalogue.methods.map(\.name)) func resumeIsBitIdentical(_ method: String) throws {
        let job = try job(method)
        let whole = try TrainingState(job)
        let wholeTrainer = try trainer(job, whole)
        var steps = 0
        while whole.epoch < 3 {
            _ = try wholeTrainer.advance()
            steps += 1
        }
        #expect(steps == 9)
        for stop in [1, 3, 5, 8] {
            let first = try TrainingState(job)
            let firstTrainer = try trainer(job, first)
            for _ in 0..<stop { _ = try firstTrainer.advance() }
            let file = try first.checkpoint(of: job)
            let second = try TrainingState(job)
            try second.restore(file, name: "checkpoint", job: job)
            let secondTrainer = try trainer(job, second)
            while second.epoch < 3 { _ = try secondTrainer.advance() }
            #expect(second.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern), "stopped after \(stop) steps")
            #expect(try bits(second) == bits(whole), "stopped after \(stop) steps")
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
    @Test func scoringDoesNotDisturbTraining() throws {
        func losses(scoring: Bool) throws -> [Double] {
            let job = try job("vae")
            let state = try TrainingState(job)
            let trainer = try trainer(job, state)
            while state.epoch < 3 {
                if try trainer.advance(), scoring {
                    _ = try Scoring(state.method, images: images(), seed: 3, keepingMaps: false)
                }
            }
            return state.losses
        }
        #expect(try losses(scoring: true) == losses(scoring: false))
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
    }
}
