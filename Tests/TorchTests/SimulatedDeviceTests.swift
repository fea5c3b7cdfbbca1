import Testing

@testable import Torch

/// What the training core calls computes on the simulated device what it computes on the CPU, and devices are kept apart
/// there.
@Suite(.enabled(if: SimulatedDevice.isSupported))
struct SimulatedDeviceTests {
    private let device: Device

    init() throws { device = try SimulatedDevice.install() }

    // MARK: The same numbers

    /// Operators of tensors with the given shapes, all of whose elements are positive.
    struct Operation: Sendable, CustomTestStringConvertible {
        let name: String
        let shapes: [[Int]]
        let body: @Sendable ([Tensor]) throws -> Tensor

        init(_ name: String, _ shapes: [Int]..., body: @escaping @Sendable ([Tensor]) throws -> Tensor) {
            self.name = name
            self.shapes = shapes
            self.body = body
        }

        var testDescription: String { name }
    }

    private static let operations: [Operation] = [
        Operation("add", [2, 3], [3]) { try $0[0] + $0[1] },
        Operation("add a number", [2, 3]) { try $0[0] + 1.5 },
        Operation("subtract", [2, 3], [2, 1]) { try $0[0] - $0[1] },
        Operation("subtract from a number", [2, 3]) { try 2 - $0[0] },
        Operation("multiply", [2, 3], [2, 3]) { try $0[0] * $0[1] },
        Operation("multiply by a number", [2, 3]) { try $0[0] * -2.5 },
        Operation("divide", [2, 3], [2, 3]) { try $0[0] / $0[1] },
        Operation("divide by a number", [2, 3]) { try $0[0] / 3 },
        Operation("negate", [5]) { try $0[0].negated() },
        Operation("square", [5]) { try $0[0].squared() },
        Operation("absolute", [5]) { try ($0[0] - 0.5).absolute() },
        Operation("square root", [5]) { try $0[0].squareRoot() },
        Operation("exponential", [5]) { try $0[0].exponential() },
        Operation("logarithm", [5]) { try $0[0].logarithm() },
        Operation("rectify", [20]) { try ($0[0] - 0.5).rectified() },
        Operation("softmax", [3, 4]) { try $0[0].softmax(axis: 1) },
        Operation("clamp", [20]) { try $0[0].clamped(0.25...0.75) },
        Operation("sum", [3, 4]) { try $0[0].sum() },
        Operation("sum over dimensions", [3, 4, 2]) { try $0[0].sum(axes: [0, 2]) },
        Operation("norm", [3, 4]) { try $0[0].norm(axes: [1]) },
        Operation("minimum", [3, 4]) { try $0[0].minimum() },
        Operation("minimum over dimensions", [3, 4]) { try $0[0].minimum(axes: [1]) },
        Operation("greater", [20], [20]) { try $0[0].isGreater(than: $0[1]) },
        Operation("binary cross-entropy", [3, 4]) { try $0[0].binaryCrossEntropy(target: 0.3) },
        Operation("mean", [3, 4]) { try $0[0].mean() },
        Operation("mean over dimensions", [3, 4]) { try $0[0].mean(axes: [0], keepingDimensions: true) },
        Operation("matrix product", [3, 4], [4, 5]) { try $0[0].multipliedMatrix($0[1]) },
        Operation("batched matrix product", [2, 3, 4], [4, 5]) { try $0[0].multipliedMatrix($0[1]) },
        Operation("to double", [5]) { try $0[0].to(.double) },
        Operation("to byte", [5]) { try ($0[0] * 200).to(.byte) },
        Operation("detach", [5]) { try $0[0].detached() },
        Operation("clone", [5]) { try $0[0].clone() },
        Operation("contiguous", [3, 4]) { try $0[0].transposed().contiguous() },
        Operation("channels last", [2, 3, 4, 4]) { try $0[0].channelsLast().squared() },
        Operation("reshape", [3, 4]) { try $0[0].reshaped([2, -1]) },
        Operation("reshape with a copy", [3, 4]) { try $0[0].transposed().reshaped([2, -1]) },
        Operation("narrow", [3, 4]) { try $0[0].narrowed(axis: 1, start: 1, length: 2) },
        Operation("view", [3, 4]) { try $0[0].viewed([2, 2], strides: [4, 1], offset: 5) },
        Operation("transpose", [3, 4]) { try $0[0].transposed() },
        Operation("roll", [1, 2, 3, 4]) { try $0[0].rolled(down: 1, right: 2) },
        Operation("pad", [1, 2, 3, 4]) { try $0[0].padded(left: 1, right: 2, top: 0, bottom: 1) },
        Operation("concatenate", [2, 3], [4, 3]) { try .concatenated($0) },
        Operation("select", [4, 3]) { try $0[0].selecting(Tensor([2, 0, 2] as [Int64]).to($0[0].device)) },
        Operation("permute", [2, 3, 4]) { try Operator("permute")(.tensor($0[0]), .integers([2, 0, 1])) },
        Operation("standard deviation", [3, 4]) {
            try Operator("std", "dim")(.tensor($0[0]), .integers([1]), .boolean(true), .boolean(true))
        },
        Operation("repeat", [5]) { try Operator("repeat_interleave", "self_int")(.tensor($0[0]), .integer(4)) },
        Operation("pixel shuffle", [2, 8, 3, 3]) { try Operator("pixel_shuffle")(.tensor($0[0]), .integer(2)) },
        Operation("sigmoid", [20]) { try Sigmoid()($0[0]) },
        Operation("tanh", [20]) { try Tanh()($0[0]) },
        Operation("swish", [20]) { try Swish()($0[0]) },
        Operation("ReLU6", [20]) { try ReLU6()($0[0] * 12 - 3) },
        Operation("leaky ReLU", [20]) { try LeakyReLU()($0[0] - 0.5) },
        Operation("reflection", [1, 2, 5, 4]) { try ReflectionPad(2)($0[0]) },
        Operation("replication", [1, 2, 5, 4]) { try ReplicationPad(2)($0[0]) },
        Operation("average pooling", [1, 2, 4, 6]) { try AveragePool(2)($0[0]) },
        Operation("maximum pooling", [2, 3, 7, 7]) { try MaxPooling(kernel: 3, stride: 2, padding: 1)($0[0]) },
        Operation("nearest upsampling", [1, 2, 3, 3]) { try NearestUpsampling(2)($0[0]) },
        Operation("bilinear upsampling", [2, 2, 3, 5]) { try $0[0].resizedBilinear(height: 7, width: 8) },
        Operation("aligned bilinear upsampling", [2, 2, 3, 5]) {
            try $0[0].resizedBilinear(height: 7, width: 8, aligningCorners: true)
        },
        Operation("convolution", [2, 3, 8, 8], [4, 3, 3, 3], [4]) { try convolution($0) },
        Operation("convolution without bias", [2, 3, 8, 8], [4, 3, 3, 3]) { try convolution($0) },
        Operation("convolution in channels last", [2, 3, 8, 8], [4, 3, 3, 3], [4]) {
            try convolution([$0[0].channelsLast(), $0[1].channelsLast(), $0[2]])
        },
        Operation("grouped convolution", [2, 4, 8, 8], [6, 2, 3, 3], [6]) { try convolution($0, groups: 2) },
        Operation("transposed convolution", [2, 3, 4, 4], [3, 5, 4, 4], [5]) {
            try Operator("conv_transpose2d", "input")(
                .tensor($0[0]), .tensor($0[1]), .tensor($0[2]), .integers([2, 2]), .integers([1, 1]))
        },
        Operation("linear", [4, 3], [5, 3], [5]) {
            try Operator("linear")(.tensor($0[0]), .tensor($0[1]), .tensor($0[2]))
        },
        Operation("batch normalisation", [3, 4, 5, 5], [4], [4], [4], [4]) { try batchNorm($0, isTraining: true) },
        Operation("batch normalisation by running statistics", [3, 4, 5, 5], [4], [4], [4], [4]) {
            try batchNorm($0, isTraining: false)
        },
        Operation("instance normalisation", [3, 4, 5, 5], [4], [4]) {
            try Operator("instance_norm")(
                .tensor($0[0]), .tensor($0[1]), .tensor($0[2]), .none, .none, .boolean(true), .number(0.1),
                .number(1e-5), .boolean(true))
        },
        Operation("group normalisation", [3, 4, 5, 5], [4], [4]) {
            try Operator("group_norm")(.tensor($0[0]), .integer(2), .tensor($0[1]), .tensor($0[2]), .number(1e-5))
        },
        Operation("layer normalisation", [3, 4, 5], [4, 5], [4, 5]) {
            try Operator("layer_norm")(
                .tensor($0[0]), .integers([4, 5]), .tensor($0[1]), .tensor($0[2]), .number(1e-5))
        },
    ]

    private static func convolution(_ tensors: [Tensor], groups: Int = 1) throws -> Tensor {
        try Operator("conv2d")(
            .tensor(tensors[0]), .tensor(tensors[1]), .optional(tensors.count > 2 ? tensors[2] : nil),
            .integers([2, 2]), .integers([1, 1]), .integers([1, 1]), .integer(groups))
    }

    /// - Parameter tensors: images, weight, bias, and what the running statistics begin with.
    private static func batchNorm(_ tensors: [Tensor], isTraining: Bool) throws -> Tensor {
        let statistics = try tensors[3...].map { try $0.detached().clone() }
        let result = try Operator("batch_norm")(
            .tensor(tensors[0]), .tensor(tensors[1]), .tensor(tensors[2]), .tensor(statistics[0]),
            .tensor(statistics[1]), .boolean(isTraining), .number(0.1), .number(1e-5), .boolean(true))
        // The new statistics show in the numbers too.
        return try (result * statistics[0].reshaped([1, -1, 1, 1])) + statistics[1].reshaped([1, -1, 1, 1])
    }

    @Test(arguments: operations) func matchesTheCPU(_ operation: Operation) throws {
        let generator = try Generator(seed: 7)
        let inputs = try operation.shapes.map { try Tensor.uniform($0, generator: generator) * 0.9 + 0.05 }
        func run(on device: Device) throws -> [Tensor?] {
            let inputs = try inputs.map { try $0.clone().to(device).requireGradient() }
            let output = try operation.body(inputs)
            #expect(output.device == device)
            guard output.requiresGradient else { return [output] }
            // Not every gradient is the same, as those of a mere sum would be.
            let gradients = try (output * output).sum().gradients(of: inputs)
            #expect(gradients.allSatisfy { $0 == nil || $0!.device == device })
            return [output] + gradients
        }
        let expected = try run(on: .cpu)
        let actual = try run(on: device)
        #expect(actual.count == expected.count)
        for (actual, expected) in zip(actual, expected) {
            #expect((actual == nil) == (expected == nil))
            guard let actual, let expected else { continue }
            #expect(actual.dataType == expected.dataType && actual.shape == expected.shape)
            #expect(try actual.elements(Double.self) == expected.elements(Double.self))
        }
    }

    @Test func backwardAccumulates() throws {
        let weight = try Tensor([1, 2, 3] as [Float]).to(device).requireGradient()
        for _ in 0..<2 { try weight.squared().sum().backward() }
        let gradient = try #require(weight.gradient)
        #expect(gradient.device == device)
        #expect(try gradient.elements(Float.self) == [4, 8, 12])
        // Once more differentiated.
        let slope = try (weight * weight * weight).sum().gradients(of: [weight], differentiable: true)[0]
        #expect(try #require(slope).sum().gradients(of: [weight])[0]?.elements(Float.self) == [6, 12, 18])
    }

    /// Changes in place reach the tensor itself, everything that shares its memory, and nothing else.
    @Test func changesInPlace() throws {
        let source = try Tensor([1, 2, 3, 4] as [Float])
        let tensor = try source.to(device)
        let tail = try tensor.narrowed(axis: 0, start: 2, length: 2)
        try tail.fill(7)
        try tensor.narrowed(axis: 0, start: 0, length: 1).accumulate(Tensor.full([1], 10, device: device))
        #expect(try tensor.elements(Float.self) == [11, 2, 7, 7])
        try tensor.copy(from: source)
        #expect(try tail.elements(Float.self) == [3, 4])
        #expect(try source.elements(Float.self) == [1, 2, 3, 4])
        // A result that outgrows the tensor it is written to.
        let result = try Operator("add", "out")(
            .tensor(tensor), .tensor(tensor), named: [("out", .tensor(Tensor.zeros([0], device: device)))])
        #expect(try result.device == device && result.elements(Float.self) == [2, 4, 6, 8])
        // The version that autograd remembers grows too.
        let weight = try Tensor.full([2], 3, device: device).requireGradient()
        let squared = try weight.squared()
        let cube = try squared * weight
        try squared.detached().fill(0)
        let error = #expect(throws: TorchError.self) { try cube.sum().backward() }
        #expect(error?.message.contains("modified by an inplace operation") == true)
    }

    @Test(arguments: [0, 0.01]) func adam(_ weightDecay: Double) throws {
        func run(on device: Device) throws -> [Tensor] {
            let generator = try Generator(seed: 3)
            let parameters = try [[5, 3], [5]].map {
                try Tensor.uniform($0, generator: generator).to(device).requireGradient()
            }
            let inputs = try Tensor.uniform([4, 3], generator: generator).to(device)
            let named = zip(["weight", "bias"], parameters).map { (name: $0, tensor: $1) }
            let adam = try Adam(named, learningRate: 0.1, weightDecay: weightDecay)
            for _ in 0..<5 {
                let output = try Operator("linear")(
                    .tensor(inputs), .tensor(parameters[0]), .tensor(parameters[1]))
                try adam.step(minimising: output.squared().mean())
            }
            return parameters + adam.state.map(\.tensor)
        }
        for (actual, expected) in zip(try run(on: device), try run(on: .cpu)) {
            #expect(actual.device == device)
            try expectClose(actual, expected, within: 2e-6, "Adam")
        }
    }

    @Test func fusedAdam() throws {
        func run(on device: Device) throws -> [Float] {
            let tensors = try [[1, 2], [0.5, -0.5], [0, 0], [0, 0]].map { (elements: [Float]) in
                try Tensor(elements).to(device)
            }
            let steps = Operator("_foreach_add_", "Scalar")
            let count = try Tensor.zeros([], device: device)
            for _ in 0..<5 {
                _ = try steps.call([.tensors([count]), .number(1)])
                _ = try Operator("_fused_adam_").call(
                    tensors.map { .tensors([$0]) } + [.tensors([]), .tensors([count])],
                    named: [
                        ("lr", .number(0.1)), ("beta1", .number(0.9)), ("beta2", .number(0.999)),
                        ("weight_decay", .number(0)), ("eps", .number(1e-8)), ("amsgrad", .boolean(false)),
                        ("maximize", .boolean(false)),
                    ])
            }
            return try tensors.flatMap { try $0.elements(Float.self) }
        }
        #expect(try run(on: device) == run(on: .cpu))
    }

    // MARK: Random numbers

    @Test func generatorsGiveTheNumbersOfTheCPU() throws {
        func draw(on device: Device) throws -> [[Float]] {
            let generator = try Generator(seed: 11, device: device)
            let begin = try generator.state()
            let uniform = try Tensor.uniform([5], generator: generator, device: device)
            let normal = try Tensor.normal([5], generator: generator, device: device)
            let bernoulli = try Tensor.bernoulli([20], probability: 0.3, generator: generator, device: device)
            let order = try Operator("randperm", "generator")(
                .integer(9), .generator(generator), named: [("device", .device(device))])
            try generator.restore(begin)
            let again = try Tensor.uniform([5], generator: generator, device: device)
            let all = [uniform, normal, bernoulli, order, again]
            #expect(all.allSatisfy { $0.device == device })
            return try all.map { try $0.elements() }
        }
        let drawn = try draw(on: device)
        #expect(try drawn == draw(on: .cpu))
        #expect(drawn[0] == drawn[4])
    }

    /// Operators refuse them; ours draw where the stream is and move what they have drawn.
    @Test func generatorsOfTheOtherDeviceAreRefused() throws {
        let ofCPU = try Generator(seed: 1)
        let ofDevice = try Generator(seed: 1, device: device)
        let here = try Tensor.zeros([3], device: device)
        let refusals = [
            #expect(throws: TorchError.self) {
                try Operator("uniform_").call([.tensor(here), .number(0), .number(1), .generator(ofCPU)])
            },
            #expect(throws: TorchError.self) {
                try Operator("normal_").call([.tensor(here), .number(0), .number(1), .generator(ofCPU)])
            },
            #expect(throws: TorchError.self) {
                try Operator("randperm", "generator")(
                    .integer(9), .generator(ofCPU), named: [("device", .device(device))])
            },
        ]
        for refusal in refusals {
            #expect(refusal?.message.contains("Expected a 'simulated' device type for generator but found 'cpu'") == true)
        }
        let refusal = #expect(throws: TorchError.self) {
            try Operator("uniform_").call([.tensor(Tensor.zeros([3])), .number(0), .number(1), .generator(ofDevice)])
        }
        #expect(refusal?.message.contains("Expected a 'cpu' device type for generator but found 'simulated'") == true)
        try here.fillUniform(0...1, generator: ofCPU)
        #expect(try here.elements(Float.self) == Tensor.uniform([3], generator: Generator(seed: 1)).elements(Float.self))
    }

    // MARK: One device

    private static let mixtures: [Operation] = [
        Operation("add", [2, 3], [2, 3]) { try $0[0] + $0[1] },
        Operation("add in place", [2, 3], [2, 3]) { inputs in
            try inputs[0].accumulate(inputs[1])
            return inputs[0]
        },
        Operation("matrix product", [2, 3], [3, 2]) { try $0[0].multipliedMatrix($0[1]) },
        Operation("matrix product with a vector", [2, 3], [3]) { try $0[0].multipliedMatrix($0[1]) },
        Operation("convolution", [2, 3, 8, 8], [4, 3, 3, 3]) { try convolution($0) },
        Operation("convolution's bias", [2, 3, 8, 8], [4]) {
            try convolution([$0[0], Tensor.zeros([4, 3, 3, 3], device: $0[0].device), $0[1]])
        },
        Operation("batch normalisation", [3, 4, 5, 5], [4]) {
            let here = try Tensor.zeros([4], device: $0[0].device)
            return try batchNorm([$0[0], here, here, here, $0[1]], isTraining: true)
        },
        Operation("group normalisation", [3, 4, 5, 5], [4]) {
            let here = try Tensor.zeros([4], device: $0[0].device)
            return try Operator("group_norm")(
                .tensor($0[0]), .integer(2), .tensor(here), .tensor($0[1]), .number(1e-5))
        },
        Operation("select", [4, 3], [2]) { try $0[0].selecting($0[1].to(.int64)) },
        Operation("select one", [4, 3], []) { try $0[0].selecting($0[1].to(.int64)) },
        Operation("index", [4, 3], [2]) {
            try Operator("index", "Tensor")(.tensor($0[0]), .tensors([$0[1].to(.int64)]))
        },
        Operation("concatenate", [2, 3], [2, 3]) { try .concatenated($0) },
        Operation("where", [2, 3], [2, 3]) {
            try Operator("where", "self")(.tensor($0[0].to(.boolean)), .tensor($0[0]), .tensor($0[1]))
        },
        Operation("binary cross-entropy", [2, 3], [2, 3]) {
            try Operator("binary_cross_entropy")(.tensor($0[0]), .tensor($0[1]))
        },
    ]

    @Test(arguments: mixtures) func mixedDevicesAreRefused(_ operation: Operation) throws {
        for (first, second) in [(device, Device.cpu), (.cpu, device)] {
            let inputs = try zip(operation.shapes, [first, second]).map { try Tensor.zeros($0, device: $1) }
            let error = #expect(throws: TorchError.self) { try operation.body(inputs) }
            let message = error?.message ?? ""
            #expect(message.contains("Expected all tensors to be on the same device, but found at least two devices"))
            #expect(message.contains("simulated:0") && message.contains("cpu"))
        }
    }

    @Test func theMessageIsCUDAs() throws {
        let here = try Tensor.zeros([2, 3], device: device)
        let error = #expect(throws: TorchError.self) { try here + Tensor.zeros([2, 3]) }
        #expect(error?.message.contains("""
            Expected all tensors to be on the same device, but found at least two devices, simulated:0 and cpu! \
            (when checking argument for argument other in method aten::add.Tensor)
            """) == true)
    }

    /// Of tensors on the CPU, only those without dimensions take part in arithmetic, and none are written to.
    @Test func scalarsOfTheCPUAreTaken() throws {
        let two = try Tensor.full([], 2)
        let here = try Tensor.full([2], 3, device: device)
        SimulatedDevice.resetCounts()
        let product = try here * two
        #expect(product.device == device)
        #expect(SimulatedDevice.transferCount == 0)
        #expect(try product.elements(Float.self) == [6, 6])
        #expect(try (two - here).elements(Float.self) == [-1, -1])
        #expect(throws: TorchError.self) { try two.accumulate(Tensor.full([], 1, device: device)) }
        #expect(throws: TorchError.self) { try Tensor.concatenated([here, two]) }
    }

    /// A constant made on the CPU in the middle of a computation is found where it is used.
    @Test func leakedConstantsAreFound() throws {
        func loss(_ images: Tensor, _ weight: Tensor, means: Tensor) throws -> Tensor {
            let features = try Self.convolution([images, weight]).rectified()
            return try (features - means.reshaped([1, -1, 1, 1])).squared().mean()
        }
        let images = try Tensor.full([2, 3, 8, 8], 0.5, device: device)
        let weight = try Tensor.full([4, 3, 3, 3], 0.1, device: device).requireGradient()
        let means = try Tensor([1, 2, 3, 4] as [Float])
        let error = #expect(throws: TorchError.self) { try loss(images, weight, means: means) }
        #expect(error?.message.contains("found at least two devices, simulated:0 and cpu") == true)
        try loss(images, weight, means: means.to(device)).backward()
        #expect(try #require(weight.gradient).isFinite())
    }

    @Test func copiesCross() throws {
        let here = try Tensor.zeros([2, 2], device: device)
        try here.copy(from: Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]))
        let there = try Tensor.zeros([2, 2])
        try there.copy(from: here.transposed())
        #expect(try there.elements(Float.self) == [1, 3, 2, 4])
        // Gradients cross back the way the values came, and are counted on the thread that asks for them.
        let weight = try Tensor([3] as [Float]).requireGradient()
        SimulatedDevice.resetCounts()
        try weight.to(device).squared().sum().backward()
        #expect(SimulatedDevice.transferCount == 2)
        let gradient = try #require(weight.gradient)
        #expect(try gradient.device == .cpu && gradient.item() == 6)
    }

    // MARK: Counts

    @Test func transfersAndWaitsAreCounted() throws {
        SimulatedDevice.resetCounts()
        let here = try Tensor([1, 2, 3] as [Float]).to(device)
        #expect(SimulatedDevice.transferCount == 1 && SimulatedDevice.synchronisationCount == 0)
        let sum = try (here * here + 1).clone().sum()
        #expect(SimulatedDevice.transferCount == 1 && SimulatedDevice.synchronisationCount == 0)
        #expect(try sum.item() == 17)
        #expect(SimulatedDevice.transferCount == 2 && SimulatedDevice.synchronisationCount == 1)
        _ = try Operator("item").call([.tensor(sum)])
        #expect(SimulatedDevice.transferCount == 2 && SimulatedDevice.synchronisationCount == 2)
        _ = try Operator("nonzero")(.tensor(here))
        #expect(SimulatedDevice.synchronisationCount == 3)
        SimulatedDevice.resetCounts()
        #expect(SimulatedDevice.transferCount == 0 && SimulatedDevice.synchronisationCount == 0)
    }

    /// A step of training copies its images to the device, and waits for nothing.
    @Test func aTrainingStepTransfersItsImagesOnly() throws {
        let generator = try Generator(seed: 2)
        func parameter(_ shape: [Int]) throws -> Tensor {
            try Tensor.uniform(shape, generator: generator).to(device).requireGradient()
        }
        let (kernel, scale, shift) = (try parameter([4, 3, 3, 3]), try parameter([4]), try parameter([4]))
        let adam = try Adam([("kernel", kernel), ("scale", scale), ("shift", shift)])
        let statistics = try [0.0, 1].map { try Tensor.full([4], $0, device: device) }
        let images = try Tensor.uniform([2, 3, 8, 8], generator: generator)
        SimulatedDevice.resetCounts()
        for _ in 0..<2 {
            let features = try Self.convolution([images.to(device), kernel])
            let normalised = try Self.batchNorm([features, scale, shift] + statistics, isTraining: true)
            try adam.step(minimising: normalised.rectified().mean())
        }
        #expect(SimulatedDevice.transferCount == 2)
        #expect(SimulatedDevice.synchronisationCount == 0)
        #expect(try kernel.isFinite())
    }

    // MARK: The device's name

    @Test func theDeviceHasAName() throws {
        #expect(device.name == "simulated:0" && !device.isCPU)
        #expect(try Device("simulated:0") == device)
        #expect(try Tensor.zeros([2], device: device).description == "float[2] on simulated:0")
        #expect(throws: TorchError.self) { try Device("simulated:1") }
        #expect(throws: TorchError.self) { try Tensor.zeros([2], device: device).withUnsafeBytes { _ in } }
    }
}
