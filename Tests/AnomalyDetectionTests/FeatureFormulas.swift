import Foundation

@testable import Torch

/// The formulas of `Tests/Reference/make_features.py`, by which weights, images and dropout are made there and here.
enum FeatureFormulas {
    static let table: [Double] = (0..<4093).map { index in
        var h = UInt32(index) &* 0x9E37_79B1 &+ 0x85EB_CA77
        h ^= h >> 16
        h = h &* 0x85EB_CA6B
        h ^= h >> 13
        h = h &* 0xC2B2_AE35
        h ^= h >> 16
        return Double(h) / 2_147_483_648 - 1
    }

    /// `scale * table[(i + 61 tensor) mod 4093] + shift` in the given shape. The period is copied whole: large networks have
    /// tens of millions of numbers.
    static func values(_ shape: [Int], tensor: Int, scale: Double, shift: Double) throws -> Tensor {
        let count = shape.reduce(1, *)
        let start = 61 * tensor % table.count
        let period = (0..<table.count).map { Float(scale * table[($0 + start) % table.count] + shift) }
        var values: [Float] = []
        values.reserveCapacity(count + table.count)
        while values.count < count { values.append(contentsOf: period) }
        return try Tensor(Array(values.prefix(count)), shape: shape)
    }

    /// Overwrites all tensors of a network by formula, counting them from `first` on.
    static func fill(_ network: Module, first: Int = 0) throws {
        let state = network.state
        let norms = Set(state.filter { $0.name.hasSuffix("running_mean") }.map { $0.name.dropLast("running_mean".count) + "weight" })
        for (index, (name, tensor)) in state.enumerated() {
            let (scale, shift): (Double, Double) = switch name.split(separator: ".").last {
            case "running_mean", "bias": (0.1, 0)
            case "running_variance": (0.3, 1)
            default: norms.contains(name[...]) ? (0.1, 1) : ((6 / Double(tensor.shape.dropFirst().reduce(1, *))).squareRoot(), 0)
            }
            try tensor.copy(from: values(tensor.shape, tensor: first + index, scale: scale, shift: shift))
        }
    }

    static func images(_ count: Int, channels: Int, side: Int) throws -> Tensor {
        let size = channels * side * side
        let values = (0..<count * size).map { Float(0.9 * table[(7 * ($0 % size) + 501 * ($0 / size)) % table.count]) }
        return try Tensor(values, shape: [count, channels, side, side])
    }

    /// The factors of dropout for a batch, one `[N, C, 1, 1]` a layer.
    static func dropout(count: Int, channels: [Int]) throws -> [Tensor] {
        try channels.enumerated().map { index, channels in
            let values = (0..<count * channels).map { Float(table[($0 + 61 * index) % table.count] < -0.8 ? 0 : 1 / 0.9) }
            return try Tensor(values, shape: [count, channels, 1, 1])
        }
    }

    /// Up to 300 evenly spaced elements.
    static func sampled(_ tensor: Tensor) throws -> [Double] {
        let elements = try tensor.elements(Double.self)
        let step = max(1, elements.count / 300)
        return Array(stride(from: 0, to: elements.count, by: step).map { elements[$0] }.prefix(300))
    }
}
