/// Random changes of brightness, contrast, saturation and hue in random order: torchvision's `ColorJitter`.
public struct ColorJitter: Sendable, Hashable, Codable {
    /// Where the factor of each is drawn from, uniformly; `nil` leaves it out.
    public var brightness: ClosedRange<Double>?
    public var contrast: ClosedRange<Double>?
    public var saturation: ClosedRange<Double>?
    /// Where the share of the circle by which hues turn is drawn from, within -0.5...0.5.
    public var hue: ClosedRange<Double>?

    /// Factors from the given ranges.
    public init(
        brightness: ClosedRange<Double>?, contrast: ClosedRange<Double>?, saturation: ClosedRange<Double>?,
        hue: ClosedRange<Double>?
    ) {
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
    }

    /// Factors up to `brightness`, `contrast` and `saturation` from 1, but not negative, and hues up to `hue` from where they
    /// are; 0 leaves a change out. None is negative, and `hue` is 0.5 at most.
    public init(brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0) {
        func around(_ extent: Double) -> ClosedRange<Double>? { extent == 0 ? nil : max(0, 1 - extent)...1 + extent }
        self.init(
            brightness: around(brightness), contrast: around(contrast), saturation: around(saturation),
            hue: hue == 0 ? nil : -hue...hue)
    }

    /// The changes of one image in their order.
    public func draw(using random: inout RandomStream) -> [ColorAdjustment] {
        var adjustments: [ColorAdjustment] = []
        adjustments.reserveCapacity(4)
        if let brightness { adjustments.append(.brightness(random.uniform(brightness))) }
        if let contrast { adjustments.append(.contrast(random.uniform(contrast))) }
        if let saturation { adjustments.append(.saturation(random.uniform(saturation))) }
        if let hue { adjustments.append(.hue(random.uniform(hue))) }
        return random.shuffled(adjustments)
    }

    func check() throws(TransformError) {
        for (name, range) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)] {
            if let range, !(range.lowerBound >= 0 && range.upperBound.isFinite) {
                throw TransformError("the \(name) of a colour jitter is \(range); it cannot be negative and must be finite")
            }
        }
        if let hue, !(hue.lowerBound >= -0.5 && hue.upperBound <= 0.5) {
            throw TransformError("the hue of a colour jitter is \(hue); it must be within -0.5...0.5")
        }
    }
}
