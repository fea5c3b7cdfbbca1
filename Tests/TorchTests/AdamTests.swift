import Testing

@testable import Torch

/// Adam against `torch.optim.Adam` over ten steps.
struct AdamTests {
    @Test(arguments: [("", 1e-3, 0.0), ("decay/", 3e-2, 0.01)])
    func matchesPyTorch(_ prefix: String, _ learningRate: Double, _ weightDecay: Double) throws {
        let fixture = try Fixture.safetensors("adam")
        func given(_ name: String) throws -> Tensor { try #require(fixture[prefix + name]) }
        let parameters = try (0..<2).map { try given("parameter\($0)").clone().requireGradient() }
        let adam = try Adam(
            parameters.enumerated().map { ("\($0.offset)", $0.element) }, learningRate: learningRate,
            weightDecay: weightDecay)
        for step in 0..<10 {
            adam.clearGradients()
            for index in 0..<2 {
                // The gradient of sum(p * g) with respect to p is g.
                let gradient = try given("gradients\(index)").narrowed(axis: 0, start: step, length: 1)
                try (parameters[index] * gradient.reshaped(parameters[index].shape)).sum().backward()
            }
            try adam.step()
            for index in 0..<2 {
                let expected = try given("after\(index)").narrowed(axis: 0, start: step, length: 1)
                try expectClose(
                    parameters[index], expected.reshaped(parameters[index].shape), within: 2e-6, "step \(step + 1)")
            }
        }
    }

    /// A restored optimiser goes on exactly as the one it was saved from.
    @Test func stateRoundTrip() throws {
        func run(_ parameter: Tensor, _ adam: Adam, steps: Int) throws {
            for _ in 0..<steps {
                adam.clearGradients()
                try parameter.squared().sum().backward()
                try adam.step()
            }
        }
        let start = try Tensor([1, -2, 3] as [Float])
        let whole = try start.clone().requireGradient()
        let wholeAdam = try Adam([("p", whole)])
        try run(whole, wholeAdam, steps: 3)
        let half = try whole.detached().clone().requireGradient()
        let halfAdam = try Adam([("p", half)])
        let saved = try Dictionary(uniqueKeysWithValues: wholeAdam.state.map { ($0.name, try $0.tensor.clone()) })
        try halfAdam.restore(saved, steps: 3)
        try run(whole, wholeAdam, steps: 4)
        try run(half, halfAdam, steps: 4)
        #expect(try whole.elements(Float.self) == half.elements(Float.self))
        #expect(throws: TorchError.self) { try halfAdam.restore([:], steps: 3) }
    }
}
