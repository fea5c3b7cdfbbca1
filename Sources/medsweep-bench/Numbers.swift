import Foundation

/// `value` with a fixed number of decimals.
func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

func scientific(_ value: Double) -> String { String(format: "%.1e", value) }
