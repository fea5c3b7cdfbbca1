import Catalogue
import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Every method at its smallest, on eleven images of stripes.
enum SmallJobs {
    static let names = MethodRegistry.methods.map(\.name)
    static let imageCount = 11

    static func job(_ name: String, seed: Int = 3, _ settings: Settings = [:]) throws -> JobDescription {
        let method = try #require(MethodRegistry.method(name))
        return JobDescription(
            method: name, configuration: method.description.resolve(method.small.merging(settings) { $1 }, for: .custom("stripes")),
            dataset: "stripes", fingerprint: String(repeating: "0", count: 64), seed: seed)
    }

    static func shape(_ job: JobDescription) throws -> DataShape {
        let settings = MethodSettings(job.configuration)
        return DataShape(count: imageCount, channels: try settings.channels, side: try settings.inputSize)
    }

    /// Stripes of different directions, in each channel others.
    static func images(_ job: JobDescription, device: Device = .cpu) throws -> ImageBatches {
        let shape = try shape(job)
        let (channels, side) = (shape.channels, shape.side)
        let bytes = (0..<shape.count * channels * side * side).map { place -> UInt8 in
            let (plane, row, column) = (place / (side * side), place % (side * side) / side, place % side)
            return UInt8((column * (plane / channels + 1) + row * (7 + plane % channels)) % 256)
        }
        return try ImageBatches(Tensor(bytes, shape: [shape.count, channels, side, side]).to(device))
    }

    static func state(_ job: JobDescription, device: Device = .cpu) throws -> TrainingState {
        try TrainingState(job, data: shape(job), device: device)
    }

    static func trainer(_ state: TrainingState) throws -> Trainer {
        Trainer(state: state, images: try images(state.job, device: state.device))
    }

    /// A state in which all stages are done.
    static func trained(_ job: JobDescription) throws -> TrainingState {
        let state = try state(job)
        let trainer = try trainer(state)
        while !state.isTrained { _ = try trainer.advance() }
        return state
    }

    static func scoring(_ state: TrainingState, keepsMaps: Bool = false) throws -> Scoring {
        Scoring(state, images: try images(state.job, device: state.device), keepsMaps: keepsMaps)
    }

    /// Everything that is trained, fitted or kept beside it, bit for bit.
    static func bits(_ state: TrainingState) throws -> [String: Data] {
        let tensors = state.model.network.state + (state.scorer.network?.state ?? []).map { ("scorer.\($0.name)", $0.tensor) }
            + (state.optimisers?.state ?? [])
        return try Dictionary(uniqueKeysWithValues: tensors.map { name, tensor in
            (name, try tensor.contiguous().withUnsafeBytes { Data($0) })
        })
    }
}
