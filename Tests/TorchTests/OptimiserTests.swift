import Testing

@testable import Torch

/// Optimisers, and what goes with them, against PyTorch over twenty steps.
struct OptimiserTests {
    private let fixture: [String: Tensor]
    private let steps = 20

    init() throws { fixture = try Fixture.safetensors("optimisers") }

    private func given(_ name: String) throws -> Tensor { try #require(fixture[name]) }

    /// The entry `step` of the first dimension.
    private func given(_ name: String, step: Int) throws -> Tensor {
        let all = try given(name)
        return try all.narrowed(axis: 0, start: step, length: 1).reshaped(Array(all.shape.dropFirst()))
    }

    private func starts() throws -> [(name: String, tensor: Tensor)] {
        try (0..<2).map { ("p\($0)", try given("parameter\($0)").clone().requireGradient()) }
    }

    private func optimiser(_ run: String, _ parameters: [(name: String, tensor: Tensor)]) throws -> any Optimiser {
        switch run {
        case "adam": return try Adam(parameters, learningRate: 3e-3, weightDecay: 0.01)
        case "adamw": return try AdamW(parameters, learningRate: 3e-3, weightDecay: 0.05)
        case "groups":
            return try AdamW(
                groups: [
                    ParameterGroup([parameters[0]]),
                    ParameterGroup([parameters[1]], learningRateMultiple: 0.1, weightDecay: 0),
                ], learningRate: 3e-3, weightDecay: 0.05)
        case "plain": return try SGD(parameters, learningRate: 1e-2)
        case "nesterov":
            return try SGD(parameters, learningRate: 1e-2, momentum: 0.9, isNesterov: true, weightDecay: 0.02)
        case "momentum", "norm":
            let result = try SGD(parameters, learningRate: 1e-2, momentum: 0.9)
            if run == "norm" { result.gradientLimit = .norm(3) }
            return result
        default:
            let result = try Adam(parameters, learningRate: 3e-3)
            if run == "value" { result.gradientLimit = .value(0.5) }
            return result
        }
    }

    private func expect(
        _ parameters: [(name: String, tensor: Tensor)], _ run: String, step: Int, within tolerance: Double = 5e-7
    ) throws {
        for (index, parameter) in parameters.enumerated() {
            try expectClose(
                parameter.tensor, given("\(run)/after\(index)", step: step), within: tolerance, "\(run), step \(step + 1)")
        }
    }

    @Test(arguments: ["adam", "adamw", "groups", "plain", "momentum", "nesterov", "norm", "value", "cosine"])
    func matchesPyTorch(_ run: String) throws {
        let parameters = try starts()
        let optimiser = try optimiser(run, parameters)
        for step in 0..<steps {
            if run == "cosine" { optimiser.learningRate = 3e-3 * LearningRateSchedule.cosine(length: steps).factor(at: step) }
            try optimiser.step((0..<2).map { try given("gradients\($0)", step: step) })
            try expect(parameters, run, step: step)
        }
        #expect(optimiser.steps == steps)
    }

    /// Every way to take a step of Adam that this libtorch has gives PyTorch's numbers.
    @Test(arguments: AdamKernel.allCases, ["adam", "adamw"])
    func kernelsAreEqual(_ kernel: AdamKernel, _ run: String) throws {
        guard kernel != .fused || AdamStep.hasFusedKernels else { return }
        let parameters = try starts()
        let optimiser = try #require(try optimiser(run, parameters) as? Adam)
        optimiser.kernel = kernel
        for step in 0..<steps {
            try optimiser.step((0..<2).map { try given("gradients\($0)", step: step) })
            try expect(parameters, run, step: step)
        }
    }

    /// Parameters of another layout or type, which the fast ways do not take, are moved alike.
    @Test(arguments: ["adamw", "nesterov"]) func otherLayoutsAndTypes(_ run: String) throws {
        let plain = try starts()
        let turned = try plain.map { name, tensor in
            let values = try tensor.detached()
            let isMatrix = values.shape.count == 2
            let other = isMatrix ? try values.transposed().contiguous().transposed() : values
            return (name: name, tensor: try other.requireGradient())
        }
        let doubles = try plain.map { (name: $0.name, tensor: try $0.tensor.detached().to(.double).requireGradient()) }
        for parameters in [turned, doubles] {
            let optimiser = try optimiser(run, parameters)
            for step in 0..<steps {
                let type = try #require(parameters[0].tensor.dataType)
                try optimiser.step((0..<2).map { try given("gradients\($0)", step: step).to(type) })
            }
            try expect(parameters, run, step: steps - 1, within: 1e-6)
        }
    }

    /// A parameter without a gradient stays where it is, whatever its weight decay.
    @Test(arguments: ["adamw", "nesterov"]) func missingGradients(_ run: String) throws {
        let parameters = try starts()
        let optimiser = try optimiser(run, parameters)
        try optimiser.step([nil, given("gradients1", step: 0)])
        #expect(try parameters[0].tensor.elements(Float.self) == given("parameter0").elements())
        try expectClose(parameters[1].tensor, given("\(run)/after1", step: 0), within: 5e-7, run)
        #expect(throws: TorchError.self) { try optimiser.step([nil]) }
    }

    @Test func accumulatedGradients() throws {
        let weight = try given("parameter0").clone().requireGradient()
        let adam = try Adam([("w", weight)], learningRate: 3e-3)
        for step in 0..<steps {
            let (inputs, targets) = (try given("inputs", step: step), try given("targets", step: step))
            let mean = try adam.step(minimisingMeanOf: 4) { index in
                let x = try inputs.narrowed(axis: 0, start: index, length: 1).reshaped([6, 5])
                let y = try targets.narrowed(axis: 0, start: index, length: 1).reshaped([6, 7])
                return try (x.multipliedMatrix(weight.transposed()) - y).squared().mean()
            }
            try expectClose(weight, given("accumulated/after0", step: step), within: 5e-7, "step \(step + 1)")
            #expect(try mean.item() > 0 && !mean.requiresGradient)
        }
        #expect(throws: TorchError.self) { try adam.step(minimisingMeanOf: 0) { _ in try weight.sum() } }
    }

    @Test func schedules() throws {
        let schedules: [(String, LearningRateSchedule)] = [
            ("step", .step(every: 7, factor: 0.3)), ("cosine", .cosine(length: 30, floor: 0.05)),
            ("warm_up", .warmUpThenCosine(warmUp: 6, length: 30, floor: 0.05)),
        ]
        for (name, schedule) in schedules {
            let rates = try Tensor((0..<30).map { Float(schedule.factor(at: $0)) })
            try expectClose(rates, given("schedule/\(name)"), within: 1e-7, name)
        }
        #expect(LearningRateSchedule.constant.factor(at: 1000) == 1)
        #expect(LearningRateSchedule.cosine(length: 10, floor: 0.1).factor(at: 25) == 0.1)
        #expect(LearningRateSchedule.warmUpThenCosine(warmUp: 5, length: 5).factor(at: 5) == 0)
        for schedule in schedules.map(\.1) + [.cosine(length: 0), .step(every: 0, factor: 2)] {
            for step in [-1, 0, 1, Int.max] { #expect(schedule.factor(at: step) >= 0) }
        }
    }

    private final class Weights: Module {
        let first: Parameter
        let second: Parameter
        let bank: Buffer

        init(_ tensors: [Tensor]) throws {
            (first, second) = (try Parameter(tensors[0].clone()), try Parameter(tensors[1].clone()))
            bank = Buffer(try Tensor.zeros([0]), isResizable: true)
        }
    }

    @Test func exponentialMovingAverage() throws {
        let module = try Weights([given("parameter0"), given("parameter1")])
        let average = try ExponentialMovingAverage(of: module, decay: 0.9)
        for step in 0..<steps {
            for (index, parameter) in module.namedParameters.enumerated() {
                try parameter.tensor.copy(from: given("momentum/after\(index)", step: step))
            }
            try module.bank.replace(.full([step, 2], Double(step)))
            try average.update()
        }
        let own = try module.first.tensor.elements(Float.self)
        try average.withAveragedWeights {
            try expectClose(module.first.tensor, given("average0"), within: 5e-7, "first")
            try expectClose(module.second.tensor, given("average1"), within: 5e-7, "second")
        }
        struct Stop: Error {}
        #expect(throws: Stop.self) { try average.withAveragedWeights { throw Stop() } }
        #expect(try module.first.tensor.elements(Float.self) == own)
        #expect(module.first.tensor.requiresGradient)
        // Another one goes on from its state.
        let other = try ExponentialMovingAverage(of: Weights([given("parameter0"), given("parameter1")]), decay: 0.9)
        try other.restore(Dictionary(uniqueKeysWithValues: average.state.map { ($0.name, $0.tensor) }))
        #expect(other.state.map(\.name) == ["first", "second", "bank"])
        #expect(other.state[2].tensor.shape == [19, 2])
        #expect(try other.state[0].tensor.elements(Float.self) == average.state[0].tensor.elements())
        #expect(throws: TorchError.self) { try other.restore([:]) }
    }

    /// A restored optimiser goes on exactly as the one it was saved from.
    @Test(arguments: ["adamw", "groups", "nesterov", "plain"]) func stateRoundTrip(_ run: String) throws {
        let parameters = try starts()
        let whole = try optimiser(run, parameters)
        func gradients(_ step: Int) throws -> [Tensor?] { try (0..<2).map { try given("gradients\($0)", step: step) } }
        for step in 0..<5 { try whole.step(gradients(step)) }
        let copies = try parameters.map { (name: $0.name, tensor: try $0.tensor.detached().clone().requireGradient()) }
        let resumed = try optimiser(run, copies)
        let saved = try Dictionary(uniqueKeysWithValues: whole.state.map { ($0.name, try $0.tensor.clone()) })
        try resumed.restore(saved, steps: whole.steps)
        for step in 5..<9 {
            try whole.step(gradients(step))
            try resumed.step(gradients(step))
        }
        for (one, other) in zip(parameters, copies) {
            #expect(try one.tensor.elements(Float.self) == other.tensor.elements(Float.self))
        }
        guard let (name, tensor) = saved.first else { return }
        #expect(throws: TorchError.self) { try resumed.restore([:], steps: 1) }
        #expect(throws: TorchError.self) {
            try resumed.restore(saved.merging([name: tensor.reshaped([-1, 1])]) { $1 }, steps: 1)
        }
    }
}
