import Foundation
import TestSupport
import Testing

@testable import Torch

struct SafetensorsTests {
    private func sample() throws -> Data {
        try Safetensors(
            [
                ("weight", Tensor([1.5, -2, 3, 4] as [Float], shape: [2, 2])),
                ("order", Tensor([3, 1, 2] as [Int64])), ("state", Tensor([7, 8] as [UInt8])),
                ("none", Tensor.zeros([0, 4])),
            ], metadata: ["job": "x \"y\""]
        ).encoded()
    }

    @Test func roundTrip() throws {
        let file = try Safetensors(sample(), name: "sample")
        #expect(file.metadata == ["job": "x \"y\""])
        #expect(try file.byName["weight"]?.elements(Float.self) == [1.5, -2, 3, 4])
        #expect(file.byName["weight"]?.shape == [2, 2])
        #expect(try file.byName["order"]?.elements(Int64.self) == [3, 1, 2])
        #expect(try file.byName["state"]?.elements(UInt8.self) == [7, 8])
        #expect(file.byName["none"]?.shape == [0, 4])
    }

    /// Whatever is cut off or flipped, the reader returns or throws.
    @Test func survivesDamage() throws {
        let whole = try sample()
        for length in 0..<whole.count {
            #expect(throws: TorchError.self) { try Safetensors(whole.prefix(length), name: "cut") }
        }
        var random = SplitMix(11)
        for _ in 0..<2000 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? Safetensors(damaged, name: "flipped")
        }
    }

    @Test func namesTheFile() {
        let error = #expect(throws: TorchError.self) { try Safetensors(Data([1, 2, 3]), name: "weights.safetensors") }
        #expect(error?.message.contains("'weights.safetensors'") == true)
    }
}
