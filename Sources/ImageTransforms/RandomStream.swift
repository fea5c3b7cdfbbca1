import Catalogue
import Foundation

/// The random numbers of one image in one epoch, for one purpose. Where a stream starts is a hash of these alone, so that
/// neither the number of threads nor a resumed epoch changes what an image gets.
///
/// The numbers are SplitMix64's. Two streams are parts of one cycle of 2⁶⁴ numbers that start at hashed places: that any
/// two of 10⁹ streams of 10⁴ numbers overlap has a probability below 10⁻⁶ for each stream.
public struct RandomStream: Sendable {
    /// What the numbers are for. Streams of different purposes know nothing of each other.
    public struct Purpose: RawRepresentable, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        /// The transforms of the image itself.
        public static let transforms = Purpose(rawValue: 0)
        /// The transforms of another image that a synthesis takes pixels from.
        public static let partner = Purpose(rawValue: 1)
        /// The synthesis that makes the view with this number.
        public static func synthesis(view: Int) -> Purpose { Purpose(rawValue: 16 + UInt64(view)) }
    }

    private var generator: SplitMix64

    /// A stream of its own for every combination of the arguments.
    /// - Parameters:
    ///   - seed: the job's seed.
    ///   - epoch: number of the epoch.
    ///   - image: index of the image in its data set.
    ///   - purpose: what the numbers are for.
    ///   - occurrence: how often the epoch has had this image before.
    public init(seed: UInt64, epoch: Int, image: Int, purpose: Purpose, occurrence: Int = 0) {
        // Every step is a bijection of what came before, so that streams that differ in one argument only never coincide.
        var hash: UInt64 = 0
        let numbers = [epoch, image, occurrence].map { UInt64(bitPattern: Int64($0)) }
        for word in [seed, numbers[0], numbers[1], purpose.rawValue, numbers[2]] {
            var step = SplitMix64(seed: hash ^ word)
            hash = step.next()
        }
        generator = SplitMix64(seed: hash)
    }

    /// Any number of 64 bits.
    public mutating func next() -> UInt64 { generator.next() }

    /// A number in 0..<1, in steps of 2⁻⁵³.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number that is uniform in `range`.
    public mutating func uniform(_ range: ClosedRange<Double>) -> Double { generator.uniform(range) }

    /// An integer in 0..<`bound`, each equally probable (Lemire 2019). `bound` is positive.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0, "there is an integer to draw")
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// An integer in `range`, each equally probable.
    public mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + integer(below: range.upperBound - range.lowerBound + 1)
    }

    /// True with a probability of `probability`, 0...1.
    public mutating func bernoulli(_ probability: Double) -> Bool { unit() < probability }

    /// A normally distributed number (Box and Muller 1958).
    public mutating func normal(mean: Double = 0, deviation: Double = 1) -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return mean + deviation * radius * cos(2 * Double.pi * unit())
    }

    /// A number of the gamma distribution with an integral shape (Erlang's), which is a sum of as many exponential ones.
    public mutating func gamma(shape: Int, scale: Double) -> Double {
        precondition(shape > 0, "the shape is positive")
        var product = 1.0
        for _ in 0..<shape { product *= 1 - unit() }
        return -scale * log(product)
    }

    /// The elements of `elements` in an order of which each is equally probable (Fisher and Yates).
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, integer(below: last + 1)) }
        return elements
    }
}
