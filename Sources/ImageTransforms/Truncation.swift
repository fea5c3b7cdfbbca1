/// Numbers in 0...255 cut off to integers. By way of the number's bits: Swift's own conversions check the range, and a check
/// that may stop the program keeps a loop from being vectorised.
enum Truncation {
    /// The integer part of `value`. The sum with a power of two that leaves no room for a fraction rounds it away.
    @inline(__always) static func whole(_ value: Float) -> Float {
        let nearest = (value + 0x1p23) - 0x1p23
        return nearest > value ? nearest - 1 : nearest
    }

    /// The integer part of `value`.
    @inline(__always) static func whole(_ value: Double) -> Double {
        let nearest = (value + 0x1p52) - 0x1p52
        return nearest > value ? nearest - 1 : nearest
    }

    /// The nearest integer to `value`, the even one of two.
    @inline(__always) static func nearest(_ value: Double) -> Double { (value + 0x1p52) - 0x1p52 }

    /// The integer part of `value`.
    @inline(__always) static func byte(_ value: Float) -> UInt8 { byte(ofWhole: whole(value)) }

    /// `value`, which is an integer.
    @inline(__always) static func byte(ofWhole value: Float) -> UInt8 { UInt8(truncatingIfNeeded: (value + 0x1p23).bitPattern) }

    /// The integer part of `value`.
    @inline(__always) static func byte(_ value: Double) -> UInt8 {
        UInt8(truncatingIfNeeded: (whole(value) + 0x1p52).bitPattern)
    }
}
