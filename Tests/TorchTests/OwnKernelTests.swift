import Testing

@testable import Torch

/// Layers on kernels of this package's own, or on oneDNN's, give what libtorch's plain operators give.
@Suite struct OwnKernelTests {
    /// A layer and the shape of its input.
    private static let cases: [(name: String, input: [Int], layer: @Sendable (Generator) throws -> any Layer)] = [
        ("one input", [5, 1, 12, 20], { try Convolution(1, 16, kernel: 4, stride: 2, padding: 1, bias: false, generator: $0) }),
        ("one output", [5, 16, 6, 9], { try TransposedConvolution(16, 1, kernel: 4, stride: 2, padding: 1, bias: false, generator: $0) }),
        ("two outputs", [2, 7, 5, 3], { try TransposedConvolution(7, 2, kernel: 4, stride: 2, padding: 1, bias: false, generator: $0) }),
        ("three outputs", [40, 33, 8, 8], { try TransposedConvolution(33, 3, kernel: 4, stride: 2, padding: 1, bias: false, generator: $0) }),
        ("one pixel", [1, 4, 1, 1], { try TransposedConvolution(4, 1, kernel: 4, stride: 2, padding: 1, bias: false, generator: $0) }),
        ("many inputs", [64, 1024], { try Linear(1024, 300, generator: $0) }),
        ("many outputs", [33, 70], { try Linear(70, 2048, generator: $0) }),
    ]

    /// Output, gradients of a weighted sum of its squares, and the gradients of the squares of the input's gradient, as a penalty
    /// on that has them.
    private static func run(_ index: Int, isChannelsLast: Bool, isPlain: Bool) throws -> [[Float]] {
        let entry = cases[index]
        let generator = try Generator(seed: 3)
        let layer = try entry.layer(generator)
        var input = try Tensor.normal(entry.input, generator: generator)
        if isChannelsLast { input = try input.channelsLast() }
        let source = try input.clone().requireGradient()
        return try LibTorch.$usesPlainOperators.withValue(isPlain) {
            let output = try layer(source)
            let weights = try Tensor.normal(output.shape, generator: generator)
            let sources = [source] + layer.state.map(\.tensor)
            let first = try (output * output * weights).sum().gradients(of: sources, differentiable: true)
            let second = try #require(first[0])
            let penalties = try (second * second).sum().gradients(of: sources)
            return try ([output] + (first + penalties).compactMap(\.self)).map { try $0.elements(Float.self) }
        }
    }

    @Test(arguments: 0..<7, [false, true]) func valuesAndGradients(_ index: Int, isChannelsLast: Bool) throws {
        guard Self.cases[index].input.count == 4 || !isChannelsLast else { return }
        let expected = try Self.run(index, isChannelsLast: isChannelsLast, isPlain: true)
        let own = try Self.run(index, isChannelsLast: isChannelsLast, isPlain: false)
        #expect(own.count == expected.count)
        for (place, (own, expected)) in zip(own, expected).enumerated() {
            let size = expected.map(abs).max()!
            let difference = zip(own, expected).map { abs($0 - $1) }.max()!
            #expect(difference <= 1e-5 * size, "\(Self.cases[index].name): tensor \(place) is off by \(difference) of \(size)")
        }
    }

    /// One input or output does not turn a network's maps into the layout that its other layers are slow with.
    @Test func layoutsStay() throws {
        let generator = try Generator(seed: 1)
        let images = try Tensor.normal([2, 1, 16, 16], generator: generator)
        let first = try Convolution(1, 8, kernel: 4, stride: 2, padding: 1, bias: false, generator: generator)
        let maps = try first(images)
        #expect(maps.isChannelsLast)
        let last = try TransposedConvolution(8, 2, kernel: 4, stride: 2, padding: 1, bias: false, generator: generator)
        #expect(try last(maps).isChannelsLast)
    }

    /// The transposed convolution's sums are those of one thread on any number.
    @Test func threadsChangeNothing() throws {
        let before = LibTorch.threads
        defer { LibTorch.threads = before }
        let generator = try Generator(seed: 2)
        let maps = try Tensor.normal([12, 16, 16, 16], generator: generator)
        let layer = try TransposedConvolution(16, 1, kernel: 4, stride: 2, padding: 1, bias: false, generator: generator)
        let results = try [1, 2, 4].map { threads in
            LibTorch.threads = threads
            return try layer(maps).elements(Float.self)
        }
        #expect(results[1] == results[0])
        #expect(results[2] == results[0])
    }
}
