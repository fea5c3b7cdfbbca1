/// For each output place, the inputs it is made of and their weights in fixed point.
struct ResamplingTaps {
    static let precision: Int32 = 22

    var starts: [Int] = []
    var counts: [Int] = []
    /// `stride` weights for each output place.
    var weights: [Int32] = []
    let stride: Int

    init(from old: Int, to new: Int) {
        let scale = Double(old) / Double(new)
        let filterScale = max(scale, 1)
        // The triangle's half width is one input pixel, or one output pixel when shrinking.
        let support = filterScale
        // Multiplied and not divided by, for the same last bit as Pillow's.
        let narrowing = 1 / filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        for place in 0..<new {
            let center = (Double(place) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let end = min(old, Int(center + support + 0.5))
            var row = (start..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) * narrowing)) }
            let sum = row.reduce(0, +)
            if sum != 0 { row = row.map { $0 / sum } }
            starts.append(start)
            counts.append(row.count)
            weights += row.map { Int32($0 * Double(1 << ResamplingTaps.precision) + 0.5) }
            weights += Array(repeating: 0, count: stride - row.count)
        }
    }

    @inline(__always) static func clipped(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(255, max(0, sum >> precision)))
    }
}
