import Foundation
import Testing

@testable import Torch

struct TensorTests {
    /// Gradients of x³ y: with respect to some sources only, once more, and of the gradient itself.
    @Test func gradients() throws {
        let x = try Tensor([2] as [Float]).requireGradient()
        let y = try Tensor([5] as [Float]).requireGradient()
        let apart = try Tensor([7] as [Float]).requireGradient()
        let value = try (x * x * x * y).sum()
        let first = try value.gradients(of: [x, apart], differentiable: true)
        #expect(try first[0]?.item() == 60)
        #expect(first[1] == nil)
        #expect(try value.gradients(of: [y], keepingGraph: true)[0]?.item() == 8)
        let second = try #require(first[0]).sum().gradients(of: [x, y])
        #expect(try second.map { try $0?.item() } == [60, 12])
        #expect(x.gradient == nil && y.gradient == nil)
        #expect(throws: TorchError.self) { try Tensor([1] as [Float]).sum().gradients(of: [x]) }
    }

    @Test func operations() throws {
        let values = try Tensor([3, -1, 2, 0, -4, 5] as [Float], shape: [2, 3])
        #expect(try values.transposed().elements(Float.self) == [3, 0, -1, -4, 2, 5])
        #expect(try values.minimum().item() == -4)
        #expect(try values.sum(axes: [1]).elements(Float.self) == [4, 1])
        #expect(try values.rectified().elements(Float.self) == [3, 0, 2, 0, 0, 5])
        #expect(try values.isGreater(than: Tensor([0] as [Float])).elements(Float.self) == [1, 0, 1, 0, 0, 1])
        #expect(try Tensor([3, 4, 0, 0] as [Float], shape: [2, 2]).norm(axes: [1]).elements(Float.self) == [5, 0])
        #expect(try abs(Tensor([1, Float(M_E)]).logarithm().sum().item() - 1) < 1e-6)
        let grid = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [1, 1, 2, 3])
        #expect(try grid.rolled(down: 1, right: 1).elements(Float.self) == [6, 4, 5, 3, 1, 2])
        let probabilities = try Tensor([0.5, 0.25, 1] as [Float])
        #expect(try abs(probabilities.binaryCrossEntropy(target: 1).item() - log(8) / 3) < 1e-6)
        // The logarithm of zero counts as -100.
        #expect(try abs(probabilities.binaryCrossEntropy(target: 0).item() - (log(2) + log(4.0 / 3) + 100) / 3) < 1e-5)
    }

    @Test func randomNumbers() throws {
        let generator = try Generator(seed: 5)
        let integers = try (0..<200).map { _ in try Tensor.randomInteger(below: 7, generator: generator) }
        #expect(Set(integers) == Set(0..<7))
        let uniform = try Tensor.uniform([1000], generator: generator).elements(Float.self)
        #expect(uniform.allSatisfy { 0 <= $0 && $0 < 1 } && abs(uniform.reduce(0, +) / 1000 - 0.5) < 0.05)
        let weight = try Initialisation.weight([40, 30, 3, 3], .kaimingNormal, generator: generator).tensor
        #expect(try abs(weight.squared().mean().item() / (2.0 / 270) - 1) < 0.05)
        let linear = try Linear(50, 70, initialisation: .xavierUniform, generator: generator)
        let bound = (6.0 / 120).squareRoot()
        let elements = try linear.weight.tensor.elements(Double.self)
        #expect(elements.allSatisfy { abs($0) <= bound } && elements.contains { $0 > 0.99 * bound })
        #expect(try #require(linear.bias).tensor.elements(Float.self).allSatisfy { $0 == 0 })
    }

    @Test func errorsAreLibtorchsOwn() throws {
        let matrix = try Tensor.zeros([2, 3])
        let error = #expect(throws: TorchError.self) { try matrix.multipliedMatrix(matrix) }
        #expect(error?.message.contains("cannot be multiplied") == true)
        #expect(throws: TorchError.self) { try Tensor([1, 2] as [Float], shape: [3]) }
        #expect(throws: TorchError.self) { try matrix.item() }
        let unknown = #expect(throws: TorchError.self) { try Operator("no_such_operator").call([]) }
        #expect(unknown?.message.contains("aten::no_such_operator") == true)
        let lacking = #expect(throws: TorchError.self) { try Operator("conv2d").call([.tensor(matrix)]) }
        #expect(lacking?.message.contains("weight") == true)
        #expect(throws: TorchError.self) { try Operator("relu").call([.tensor(matrix)], named: [("slope", .number(1))]) }
        #expect(throws: TorchError.self) { try Operator("relu").call([.tensor(matrix), .number(1)]) }
    }

    @Test func descriptionsSayTypeAndShape() throws {
        #expect(try Tensor.zeros([2, 3]).description == "float[2, 3]")
        #expect(try Tensor([1, 2] as [Int64]).description == "int64[2]")
    }

    /// The owner of wrapped memory is let go as soon as the last tensor over it is.
    @Test func memoryIsFreedAtOnce() throws {
        final class Owner {
            let bytes = UnsafeMutablePointer<Float>.allocate(capacity: 4)
            init() { bytes.initialize(repeating: 2, count: 4) }
            deinit { bytes.deallocate() }
        }
        weak var watched: Owner?
        do {
            let owner = Owner()
            watched = owner
            let tensor = try Tensor(wrapping: owner.bytes, shape: [4], type: .float, owner: owner)
            #expect(try (tensor + 1).elements(Float.self) == [3, 3, 3, 3])
        }
        #expect(watched == nil)
    }

    @Test func gradientsAreOffInsideTheScope() throws {
        let leaf = try Tensor([2, 3] as [Float]).requireGradient()
        #expect(try leaf.squared().requiresGradient)
        #expect(try Tensor.withoutGradients { try leaf.squared().requiresGradient } == false)
        #expect(try leaf.squared().requiresGradient)
        #expect(throws: TorchError.self) { try Tensor.withoutGradients { try leaf.reshaped([7]) } }
        try leaf.squared().sum().backward()
        #expect(try leaf.gradient?.elements(Float.self) == [4, 6])
        leaf.clearGradient()
        #expect(leaf.gradient == nil)
    }

    /// A stream goes on from a saved state, and streams do not disturb each other.
    @Test func generatorsAreSavedAndRestored() throws {
        let first = try Generator(seed: 5)
        _ = try Tensor.normal([7], generator: first)
        let state = try first.state()
        let expected = try Tensor.normal([5], generator: first).elements(Float.self)
        let order = try Tensor.randomPermutation(9, generator: first).elements(Int64.self)
        let second = try Generator(seed: 99)
        try second.restore(state)
        #expect(try Tensor.normal([5], generator: second).elements(Float.self) == expected)
        #expect(try Tensor.randomPermutation(9, generator: second).elements(Int64.self) == order)
        #expect(order.sorted() == Array(0..<9))
    }
}
