/// How often each value occurs among the samples of images of one depth.
public struct SampleHistogram: Sendable, Hashable {
    /// Bits of a sample: 8 or 16.
    public let depth: Int
    /// By value.
    public private(set) var counts: [Int]

    /// An empty one.
    public init(depth: Int) {
        precondition(depth == 8 || depth == 16, "samples have one or two bytes")
        self.depth = depth
        counts = Array(repeating: 0, count: 1 << depth)
    }

    init(depth: Int, bytes: [UInt8]) {
        self.init(depth: depth)
        if depth == 8 {
            for byte in bytes { counts[Int(byte)] += 1 }
        } else {
            for index in stride(from: 0, to: bytes.count, by: 2) { counts[Int(bytes[index]) << 8 | Int(bytes[index + 1])] += 1 }
        }
    }

    /// Adds the counts of another one of the same depth.
    public mutating func add(_ other: SampleHistogram) {
        precondition(depth == other.depth, "both are of one depth")
        for (value, count) in other.counts.enumerated() where count > 0 { counts[value] += count }
    }

    /// How many samples there are.
    public var total: Int { counts.reduce(0, +) }
    /// How many different values occur.
    public var levels: Int { counts.count { $0 > 0 } }
    /// The lowest value that occurs; 0 without samples.
    public var lowest: Int { counts.firstIndex { $0 > 0 } ?? 0 }
    /// The highest value that occurs; 0 without samples.
    public var highest: Int { counts.lastIndex { $0 > 0 } ?? 0 }

    /// The share of samples above a value, 0...1; 0 without samples.
    public func share(above value: Int) -> Double {
        let total = total
        return total == 0 ? 0 : Double(counts.dropFirst(value + 1).reduce(0, +)) / Double(total)
    }

    /// The lowest value that at least the share `part`, 0...1, of the samples does not exceed; 0 without samples.
    public func percentile(_ part: Double) -> Int {
        let wanted = Double(total) * part
        var seen = 0
        for (value, count) in counts.enumerated() where count > 0 {
            seen += count
            if Double(seen) >= wanted { return value }
        }
        return highest
    }
}
