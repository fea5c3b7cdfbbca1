/// Holm's step-down correction (1979) for several tests.
public enum Holm {
    /// Adjusted p values in the order of `pValues`; `nil` where one is not between 0 and 1.
    public static func adjust(_ pValues: [Double]) -> [Double]? {
        guard pValues.allSatisfy({ (0...1).contains($0) }) else { return nil }
        var adjusted = pValues
        var largest = 0.0
        for (place, index) in pValues.indices.sorted(by: { pValues[$0] < pValues[$1] }).enumerated() {
            largest = max(largest, min(1, pValues[index] * Double(pValues.count - place)))
            adjusted[index] = largest
        }
        return adjusted
    }
}
