extension ImageBuffer {
    /// Blurs the image as Pillow's `GaussianBlur(radius)` does: three extended box blurs along each axis (Gwosdek,
    /// Grewenig, Bruhn and Weickert, Theoretical foundations of Gaussian convolution by extended box filtering, 2011), eight
    /// bits after each, the border pixels repeated.
    /// - Parameter radius: standard deviation in pixels, not negative; 0 changes nothing.
    public func blur(radius: Double) {
        precondition(radius >= 0 && radius.isFinite, "the radius is not negative")
        guard radius > 0 else { return }
        let box = ExtendedBox(gaussianRadius: Float(radius))
        let (size, channels) = (size, channels)
        let plane = (size.pixels + 63) & ~63
        let room = notes(UInt8.self, count: 2 * plane + 4 * max(size.width, size.height))
        let (first, second) = (room, room + plane)
        (room + 2 * plane).withMemoryRebound(to: UInt32.self, capacity: max(size.width, size.height)) { sums in
            replace(size: size) { source, target in
                for channel in 0..<channels {
                    let (from, to) = (source + channel * size.pixels, target + channel * size.pixels)
                    Transposition.transpose(
                        from, sourceStride: size.width, width: size.width, height: size.height,
                        to: first, targetStride: size.height)
                    box.blurRows(first, to: second, rows: size.width, columns: size.height, sums: sums)
                    box.blurRows(second, to: first, rows: size.width, columns: size.height, sums: sums)
                    box.blurRows(first, to: second, rows: size.width, columns: size.height, sums: sums)
                    Transposition.transpose(
                        second, sourceStride: size.height, width: size.height, height: size.width,
                        to: first, targetStride: size.width)
                    box.blurRows(first, to: second, rows: size.height, columns: size.width, sums: sums)
                    box.blurRows(second, to: first, rows: size.height, columns: size.width, sums: sums)
                    box.blurRows(first, to: to, rows: size.height, columns: size.width, sums: sums)
                }
            }
        }
    }
}

/// A box whose two outermost pixels have a smaller weight than the others, in 24-bit fixed point (Pillow's BoxBlur.c).
private struct ExtendedBox {
    let radius: Int
    let weight: UInt32
    let outerWeight: UInt32

    /// The box of which three passes come nearest to a Gaussian. All in single precision where Pillow's is.
    init(gaussianRadius: Float) {
        let variance = gaussianRadius * gaussianRadius / 3
        let length = Float((12 * Double(variance) + 1).squareRoot())
        let whole = Float(((Double(length) - 1) / 2).rounded(.down))
        var fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance)
        fraction /= 6 * (variance - (whole + 1) * (whole + 1))
        let floatRadius = whole + fraction
        radius = Int(floatRadius)
        weight = UInt32(Float(1 << 24) / (floatRadius * 2 + 1))
        outerWeight = (UInt32(1 << 24) &- UInt32(truncatingIfNeeded: 2 * radius + 1) &* weight) / 2
    }

    /// Blurs along the columns: every row of `target` is the weighted mean of the rows of `source` around it.
    func blurRows(
        _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, rows: Int, columns: Int,
        sums: UnsafeMutablePointer<UInt32>
    ) {
        let (last, weight, outerWeight) = (rows - 1, weight, outerWeight)
        @inline(__always) func row(_ index: Int) -> UnsafePointer<UInt8> { source + min(last, max(0, index)) * columns }
        // The sum for the row before the first, of which the loop then makes the others by one addition and one subtraction.
        let first = row(0)
        let repeats = UInt32(truncatingIfNeeded: radius + 1)
        for x in 0..<columns { sums[x] = UInt32(first[x]) &* repeats }
        for index in 0..<min(radius, last) {
            let line = row(index)
            for x in 0..<columns { sums[x] &+= UInt32(line[x]) }
        }
        if radius > last {
            let line = row(last)
            let repeats = UInt32(truncatingIfNeeded: radius - last)
            for x in 0..<columns { sums[x] &+= UInt32(line[x]) &* repeats }
        }
        for y in 0..<rows {
            let (leaving, entering, after) = (row(y - radius - 1), row(y + radius), row(y + radius + 1))
            let line = target + y * columns
            for x in 0..<columns {
                let before = UInt32(leaving[x])
                let sum = sums[x] &+ UInt32(entering[x]) &- before
                sums[x] = sum
                let total = sum &* weight &+ (before &+ UInt32(after[x])) &* outerWeight
                line[x] = UInt8(truncatingIfNeeded: (total &+ (1 << 23)) &>> 24)
            }
        }
    }
}
