import Foundation
import TestSupport
import Testing

@testable import Torch

struct ModuleTests {
    private final class Bank: Module {
        let linear: Linear
        let norm: BatchNorm
        let features: Buffer
        let mean: Buffer

        override init() {
            linear = try! Linear(3, 2, generator: Generator(seed: 1))
            norm = try! BatchNorm(2)
            features = Buffer(try! .zeros([0]), isResizable: true)
            mean = Buffer(try! .zeros([2]))
        }
    }

    private func byName(_ module: Module) -> [String: Tensor] {
        Dictionary(uniqueKeysWithValues: module.state.map { ($0.name, $0.tensor) })
    }

    @Test func buffersOfAnyShape() throws {
        let (saved, loaded) = (Bank(), Bank())
        let rows = try Tensor.uniform([5, 3], generator: Generator(seed: 2))
        try saved.features.replace(rows)
        try rows.fill(7)
        #expect(try saved.features.tensor.elements(Float.self).contains { $0 < 1 })
        #expect(saved.changingState.contains { $0.name == "features" && $0.tensor.shape == [5, 3] })
        let file = try Safetensors(saved.state).encoded()
        try loaded.load(Safetensors(file, name: "bank").byName)
        #expect(loaded.features.tensor.shape == [5, 3])
        #expect(try loaded.features.tensor.elements(Float.self) == saved.features.tensor.elements(Float.self))
        // Back to empty, and from another type.
        try loaded.load(byName(Bank()), includingFrozen: false)
        #expect(loaded.features.tensor.shape == [0])
        try loaded.features.replace(Tensor([1, 2] as [Double]))
        #expect(loaded.features.tensor.dataType == .float)
    }

    @Test func otherShapesAreRefused() throws {
        let bank = Bank()
        #expect(throws: TorchError.self) { try bank.mean.replace(.zeros([3])) }
        for name in ["mean", "linear.weight", "norm.running_mean"] {
            let error = #expect(throws: TorchError.self) {
                try bank.load(byName(bank).merging([name: .zeros([7])]) { $1 })
            }
            #expect(error?.message.contains(name) == true)
        }
    }

    /// Whatever a damaged file says of a resizable buffer, loading it returns or throws.
    @Test func survivesDamage() throws {
        let bank = Bank()
        try bank.features.replace(.uniform([4, 3], generator: Generator(seed: 3)))
        let whole = try Safetensors(bank.state).encoded()
        var random = SplitMix(5)
        for _ in 0..<2000 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let tensors = try? Safetensors(damaged, name: "flipped").byName else { continue }
            try? bank.load(tensors)
            _ = try bank.features.tensor.elements(Float.self)
        }
    }

    @Test func moves() throws {
        let bank = Bank()
        try bank.linear.freeze()
        try bank.move(to: .cpu)
        try bank.move(to: .meta)
        #expect(bank.state.allSatisfy { $0.tensor.device == .meta })
        #expect(bank.trainableParameters.map(\.name) == ["norm.weight", "norm.bias"])
        let output = try bank.linear(.zeros([4, 3], device: .meta))
        #expect(output.shape == [4, 2] && output.device == .meta)
    }
}
