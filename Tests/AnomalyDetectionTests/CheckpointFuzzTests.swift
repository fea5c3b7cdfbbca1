import Catalogue
import Foundation
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Torch

/// A damaged checkpoint is refused, or goes on training or fails with an error; it never ends the process.
@Suite struct CheckpointFuzzTests {
    private static let job = JobDescription(
        method: "ae",
        configuration: Catalogue.method("ae")!.resolve(
            ["input_size": 16, "hidden_size": 4, "latent_size": 2, "batch_size": 4, "depth": 1, "width": 1], for: .custom("stripes")),
        dataset: "stripes", fingerprint: String(repeating: "0", count: 64), seed: 3)

    private static func state() throws -> TrainingState {
        try TrainingState(job, data: DataShape(count: 11, channels: 1, side: 16))
    }

    private func trainer(_ state: TrainingState) throws -> Trainer {
        let bytes = (0..<11 * 256).map { UInt8(($0 * 7) % 256) }
        return Trainer(state: state, images: try ImageBatches(Tensor(bytes, shape: [11, 1, 16, 16])))
    }

    /// In the middle of an epoch.
    private func sample() throws -> Data {
        let state = try Self.state()
        _ = try trainer(state).advance()
        return try state.checkpoint()
    }

    /// Restores and does one step.
    private func resume(_ file: Data) throws {
        let state = try Self.state()
        try state.restore(file, name: "c.safetensors")
        if !state.isTrained { _ = try trainer(state).advance() }
    }

    @Test func damagedFilesAreRefusedOrGoOn() async throws {
        #expect(try await offPool { try damagedFiles() } > 300)
    }

    private func damagedFiles() throws -> Int {
        let whole = [UInt8](try sample())
        try resume(Data(whole))
        let length = 8 + Int(whole[0]) + Int(whole[1]) << 8 + Int(whole[2]) << 16
        var mutation = Mutation(seed: 21)
        var refused = 0
        for round in 0..<1000 {
            // The header, mostly: the rest are numbers.
            let head = round.isMultiple(of: 8) ? whole.count : length
            let file = Data(mutation.damaged(Array(whole[..<head])) + whole[head...])
            do { try resume(file) } catch { refused += 1 }
        }
        return refused
    }

    /// Files that are whole but say something impossible.
    @Test func impossibleRecordsAreRefused() throws {
        func changed(_ change: (inout Safetensors) throws -> Void) throws -> Data {
            var file = try Safetensors(sample(), name: "sample")
            try change(&file)
            return try file.encoded()
        }
        func replaced(_ name: String, _ tensor: Tensor) throws -> Data {
            try changed { file in
                let place = try #require(file.tensors.firstIndex { $0.name == name })
                file.tensors[place].tensor = tensor
            }
        }
        var files: [Data] = []
        for key in ["steps", "losses", "batches_done", "loss_sum", "training_seconds", "stage", "epochs", "units", "map_side", "finished_work", "engines"] {
            for value in ["", "-1", "99999", "9223372036854775807", "-9223372036854775808", "x", "nan", "ffffffffffffffff 0"] {
                files.append(try changed { $0.metadata[key] = value })
            }
            files.append(try changed { $0.metadata[key] = nil })
        }
        let orders: [Tensor] = [
            try Tensor([0, 1] as [Int64]), try Tensor([Int64](repeating: 1 << 40, count: 11)), try Tensor([Int64](repeating: -1, count: 11)),
            try Tensor([Float](repeating: 0, count: 11)), try Tensor([Int64](repeating: 0, count: 22), shape: [11, 2]), try Tensor.zeros([0]),
            try Tensor([Int64](repeating: 0, count: 12)),
        ]
        for order in orders {
            let file = try replaced("order", order)
            #expect(throws: (any Error).self) { try resume(file) }
        }
        let streams: [Tensor] = [
            try Tensor([1, 2, 3] as [UInt8]), try Tensor([UInt8](repeating: 255, count: 5056)), try Tensor([Float](repeating: 1, count: 5056)),
            try Tensor([UInt8](repeating: 0, count: 5056)),
        ]
        for stream in streams { files.append(try replaced("generator", stream)) }
        let names = try Safetensors(sample(), name: "sample").tensors.map(\.name)
        for name in names {
            files.append(try replaced(name, try Tensor([1, 2] as [Float])))
            files.append(try replaced(name, try Tensor([1] as [Int64])))
            files.append(try changed { $0.tensors.removeAll { $0.name == name } })
        }
        for file in files { try? resume(file) }
        for key in ["batches_done", "steps"] {
            for value in ["-1", "99999"] where key == "batches_done" || value == "-1" {
                let file = try changed { $0.metadata[key] = value }
                #expect(throws: (any Error).self, "\(key) \(value)") { try resume(file) }
            }
        }
    }
}
