import Foundation

/// For each output place along one axis, the inputs it is made of and their weights in fixed point, as Pillow's
/// `precompute_coeffs` and `normalize_coeffs_8bpc` have them.
package struct ResamplingTaps {
    /// Bits after the point of a weight.
    package static let precision: Int32 = 22

    /// The first input of each output.
    package private(set) var starts: [Int] = []
    /// How many inputs each output has.
    package private(set) var counts: [Int] = []
    /// `stride` weights for each output place.
    package private(set) var weights: [Int32] = []
    /// The distance in `weights` from one output to the next.
    package private(set) var stride = 0

    /// No taps yet.
    package init() {}

    /// The taps of a resizing from `old` pixels to `new`.
    package init(from old: Int, to new: Int, filter: Image.Filter) { set(from: old, to: new, filter: filter) }

    /// Makes these the taps of another resizing, in the same memory where it is large enough. The filter is any but `nearest`.
    package mutating func set(from old: Int, to new: Int, filter: Image.Filter) {
        let scale = Double(old) / Double(new)
        let filterScale = max(scale, 1)
        // A filter's half width counts input pixels, or output pixels when shrinking.
        let support = filter.support * filterScale
        // Multiplied and not divided by, for the same last bit as Pillow's.
        let narrowing = 1 / filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        for clear in [\ResamplingTaps.starts, \.counts] {
            self[keyPath: clear].removeAll(keepingCapacity: true)
            self[keyPath: clear].reserveCapacity(new)
        }
        weights.removeAll(keepingCapacity: true)
        weights.reserveCapacity(new * stride)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: stride) { row in
            for place in 0..<new {
                let center = (Double(place) + 0.5) * scale
                let start = max(0, Int(center - support + 0.5))
                let count = min(old, Int(center + support + 0.5)) - start
                var sum = 0.0
                for tap in 0..<count {
                    row[tap] = filter.weight((Double(tap + start) - center + 0.5) * narrowing)
                    sum += row[tap]
                }
                starts.append(start)
                counts.append(count)
                for tap in 0..<stride {
                    let share = tap >= count ? 0 : sum == 0 ? row[tap] : row[tap] / sum
                    weights.append(Int32(share * Double(1 << ResamplingTaps.precision) + (share < 0 ? -0.5 : 0.5)))
                }
            }
        }
    }

    /// A sum of weighted inputs, with half a unit added, as a grey level.
    @inline(__always) package static func clipped(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(255, max(0, sum >> precision)))
    }
}

extension Image.Filter {
    /// Half the width of the filter, in pixels.
    fileprivate var support: Double {
        switch self {
        case .nearest: preconditionFailure("the nearest pixel needs no taps")
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The filter at `distance` pixels from its middle.
    fileprivate func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .nearest: preconditionFailure("the nearest pixel needs no taps")
        case .bilinear: return max(0, 1 - x)
        case .bicubic:
            // Keys' cubic convolution with a = -1/2.
            if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
        case .lanczos:
            return distance >= -3 && distance < 3 ? Self.sinc(distance) * Self.sinc(distance / 3) : 0
        }
    }

    private static func sinc(_ x: Double) -> Double {
        if x == 0 { return 1 }
        let angle = x * Double.pi
        return sin(angle) / angle
    }
}
