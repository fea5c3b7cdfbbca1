import Foundation
import ImageTransforms
import Testing

/// The numbers of one image: the same always, and distributed as they say.
struct RandomStreamTests {
    private func stream(seed: UInt64 = 1, epoch: Int = 2, image: Int = 3, purpose: RandomStream.Purpose = .transforms) -> RandomStream {
        RandomStream(seed: seed, epoch: epoch, image: image, purpose: purpose)
    }

    /// What is written here was computed by a restatement in Python; a change breaks every resumed job.
    @Test func startsWhereItDoes() {
        var random = stream()
        #expect([random.next(), random.next()] == [3_152_500_320_086_990_271, 16_486_568_547_054_740_156])
    }

    @Test func everyArgumentCounts() {
        var seen: Set<UInt64> = []
        var count = 0
        func add(_ stream: RandomStream) {
            var stream = stream
            seen.insert(stream.next())
            count += 1
        }
        for seed in 0..<6 as Range<UInt64> {
            for epoch in 0..<6 {
                for image in 0..<40 {
                    for purpose in [RandomStream.Purpose.transforms, .partner, .synthesis(view: 0), .synthesis(view: 1)] {
                        for occurrence in 0..<3 {
                            add(RandomStream(seed: seed, epoch: epoch, image: image, purpose: purpose, occurrence: occurrence))
                        }
                    }
                }
            }
        }
        #expect(seen.count == count)
    }

    /// The first numbers of neighbouring streams are as independent as those of one stream.
    @Test func neighboursAreIndependent() {
        let count = 20_000
        let values = (0..<count).map { image -> Double in
            var random = stream(image: image)
            return random.unit()
        }
        let mean = values.reduce(0, +) / Double(count)
        let products = zip(values, values.dropFirst()).map { ($0 - 0.5) * ($1 - 0.5) }
        // Four standard deviations of each.
        #expect(abs(mean - 0.5) < 4 * 0.2887 / Double(count).squareRoot())
        #expect(abs(products.reduce(0, +) / Double(count)) < 4 / 12 / Double(count).squareRoot())
    }

    @Test func momentsAreRight() {
        var random = stream()
        let count = 40_000
        func moments(_ draw: () -> Double) -> (mean: Double, variance: Double) {
            let values = (0..<count).map { _ in draw() }
            let mean = values.reduce(0, +) / Double(count)
            return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count))
        }
        let uniform = moments { random.uniform(-2...4) }
        #expect(abs(uniform.mean - 1) < 0.04 && abs(uniform.variance - 3) < 0.06)
        let normal = moments { random.normal(mean: 3, deviation: 2) }
        #expect(abs(normal.mean - 3) < 0.04 && abs(normal.variance - 4) < 0.12)
        let gamma = moments { random.gamma(shape: 2, scale: 0.03) }
        #expect(abs(gamma.mean - 0.06) < 0.001 && abs(gamma.variance - 0.0018) < 0.0001)
        let heads = moments { random.bernoulli(0.3) ? 1 : 0 }
        #expect(abs(heads.mean - 0.3) < 0.01)
        #expect((0..<100).allSatisfy { _ in !random.bernoulli(0) && random.bernoulli(1) })
    }

    @Test func integersAreEquallyProbable() {
        var random = stream()
        for bound in [1, 2, 6, 7] {
            var counts = Array(repeating: 0, count: bound)
            for _ in 0..<6000 * bound { counts[random.integer(below: bound)] += 1 }
            #expect(counts.allSatisfy { abs($0 - 6000) < 350 }, "\(counts)")
        }
        #expect((0..<200).allSatisfy { _ in (-3...3).contains(random.integer(-3...3)) })
        var orders: [[Int]: Int] = [:]
        for _ in 0..<24_000 { orders[random.shuffled([0, 1, 2, 3]), default: 0] += 1 }
        #expect(orders.count == 24 && orders.values.allSatisfy { abs($0 - 1000) < 150 })
    }
}
