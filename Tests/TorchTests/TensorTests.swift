import Foundation
import Testing

@testable import Torch

struct TensorTests {
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

    @Test func devicesAreChecked() throws {
        #expect(try Device("cpu") == .cpu)
        #expect(throws: TorchError.self) { try Device("gpu") }
        #expect(throws: TorchError.self) { try Device("cuda:x") }
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
