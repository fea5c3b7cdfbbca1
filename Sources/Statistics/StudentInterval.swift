/// The confidence interval of a mean by Student's t: mean ± t · s / √n with n - 1 degrees of freedom.
public enum StudentInterval {
    /// The interval of the mean of a sample of `count` values with sample standard deviation (n - 1) `deviation`; `nil` for
    /// fewer than two values or a level that is not between 0 and 1.
    public static func interval(mean: Double, deviation: Double, count: Int, level: Double = 0.95) -> ClosedRange<Double>? {
        guard count > 1, level > 0, level < 1, mean.isFinite, deviation.isFinite, deviation >= 0 else { return nil }
        let half = quantile(level: level, degreesOfFreedom: count - 1) * deviation / Double(count).squareRoot()
        return mean - half...mean + half
    }

    /// The t that leaves (1 - level) / 2 on either side.
    static func quantile(level: Double, degreesOfFreedom: Int) -> Double {
        if level == 0.95, degreesOfFreedom <= common.count { return common[degreesOfFreedom - 1] }
        return found(level: level, degreesOfFreedom: degreesOfFreedom)
    }

    /// Tables have thousands of cells, all with the same few seeds.
    private static let common = (1...30).map { found(level: 0.95, degreesOfFreedom: $0) }

    private static func found(level: Double, degreesOfFreedom: Int) -> Double {
        let freedom = Double(degreesOfFreedom)
        // Beyond ±t lies I_x(ν/2, 1/2) with x = ν / (ν + t²).
        return SpecialFunctions.root(in: 0...1e9) { t in
            SpecialFunctions.beta(freedom / (freedom + t * t), freedom / 2, 0.5) - (1 - level)
        }
    }
}
