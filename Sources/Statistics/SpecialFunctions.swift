import Foundation

/// The functions that distributions are made of.
enum SpecialFunctions {
    static func logGamma(_ x: Double) -> Double { Foundation.lgamma(x) }

    /// The regularised incomplete beta function I_x(a, b), by Lentz's evaluation of its continued fraction.
    static func beta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // The fraction converges quickly on one side of the mean only.
        if x > (a + 1) / (a + b + 2) { return 1 - beta(1 - x, b, a) }
        let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)) / a
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var result = d
        for step in 1...10_000 {
            let m = Double(step)
            for factor in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / kept(1 + factor * d)
                c = kept(1 + factor / c)
                result *= c * d
            }
            if abs(c * d - 1) < 1e-16 { break }
        }
        return front * result
    }

    /// The upper regularised incomplete gamma function Q(a, x): a series below a + 1, a continued fraction above.
    static func upperGamma(_ a: Double, _ x: Double) -> Double {
        guard x > 0 else { return 1 }
        let front = exp(a * log(x) - x - logGamma(a))
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            var n = a
            while abs(term) > abs(sum) * 1e-17 {
                n += 1
                term *= x / n
                sum += term
            }
            return 1 - front * sum
        }
        var b = x + 1 - a
        var c = 1e300
        var d = 1 / b
        var result = d
        for step in 1...10_000 {
            let factor = -Double(step) * (Double(step) - a)
            b += 2
            d = 1 / (factor * d + b)
            c = b + factor / c
            result *= c * d
            if abs(c * d - 1) < 1e-16 { break }
        }
        return front * result
    }

    /// The standard normal distribution function.
    static func normal(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// The standard normal quantile that leaves (1 - level) / 2 on either side.
    static func normalQuantile(level: Double) -> Double {
        root(in: 0...40) { (1 + level) / 2 - normal($0) }
    }

    /// Where a falling function passes zero, by bisection down to neighbouring numbers.
    static func root(in range: ClosedRange<Double>, of function: (Double) -> Double) -> Double {
        var (low, high) = (range.lowerBound, range.upperBound)
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { return middle }
            if function(middle) > 0 { low = middle } else { high = middle }
        }
    }
}
