extension ImageBuffer {
    /// Changes the colours as torchvision's `adjust_brightness` and its kin do with a Pillow image.
    public func adjust(_ adjustment: ColorAdjustment) {
        switch adjustment {
        case .brightness(let factor): blend(with: 0, factor: Float(factor))
        case .contrast(let factor): blend(with: meanLuma(), factor: Float(factor))
        case .saturation(let factor): if channels == 3 { saturate(Float(factor)) }
        case .hue(let turn): if channels == 3 { shiftHue(turn) }
        }
    }

    /// Makes the channels equal, each the luma: torchvision's `to_grayscale` with as many channels as before.
    public func makeGrey() {
        guard channels == 3 else { return }
        let count = size.pixels
        let (red, green, blue) = (plane(0).baseAddress!, plane(1).baseAddress!, plane(2).baseAddress!)
        for pixel in 0..<count {
            let level = UInt8(truncatingIfNeeded: Luma.of(red[pixel], green[pixel], blue[pixel]))
            red[pixel] = level
            green[pixel] = level
            blue[pixel] = level
        }
    }

    /// The mean luma, rounded.
    private func meanLuma() -> Int {
        let count = size.pixels
        var sum: UInt64 = 0
        if channels == 1 {
            for value in planes { sum &+= UInt64(value) }
        } else {
            let (red, green, blue) = (plane(0).baseAddress!, plane(1).baseAddress!, plane(2).baseAddress!)
            // In stretches whose sum fits into 32 bits, which vectorises better.
            var start = 0
            while start < count {
                let end = min(count, start + 1 << 16)
                var part: UInt32 = 0
                for pixel in start..<end { part &+= Luma.of(red[pixel], green[pixel], blue[pixel]) }
                sum &+= UInt64(part)
                start = end
            }
        }
        return Int(Double(sum) / Double(count) + 0.5)
    }

    /// Blends all channels with one grey level.
    private func blend(with level: Int, factor: Float) {
        if factor == 1 { return }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { table in
            for value in 0..<256 {
                table[value] = Blend.clipped(Float(level) + factor * Float(value - level))
            }
            let planes = planes
            for index in 0..<planes.count { planes[index] = table[Int(planes[index])] }
        }
    }

    private func saturate(_ factor: Float) {
        if factor == 1 { return }
        let count = size.pixels
        let (red, green, blue) = (plane(0).baseAddress!, plane(1).baseAddress!, plane(2).baseAddress!)
        for pixel in 0..<count {
            let (r, g, b) = (red[pixel], green[pixel], blue[pixel])
            let luma = Float(Int32(bitPattern: Luma.of(r, g, b)))
            // The difference of two integers is exact in single precision.
            red[pixel] = Blend.clipped(luma + factor * (Float(r) - luma))
            green[pixel] = Blend.clipped(luma + factor * (Float(g) - luma))
            blue[pixel] = Blend.clipped(luma + factor * (Float(b) - luma))
        }
    }

    private func shiftHue(_ turn: Double) {
        HueShift(UInt8(truncatingIfNeeded: Int(turn * 255)))
            .apply(red: plane(0).baseAddress!, green: plane(1).baseAddress!, blue: plane(2).baseAddress!, count: size.pixels)
    }
}

/// Pillow's conversion to L.
enum Luma {
    @inline(__always) static func of(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt32 {
        (19595 &* UInt32(red) &+ 38470 &* UInt32(green) &+ 7471 &* UInt32(blue) &+ 32768) &>> 16
    }
}

/// Pillow's Blend.c.
private enum Blend {
    /// `value` held to 0...255 and cut off to an integer.
    @inline(__always) static func clipped(_ value: Float) -> UInt8 {
        Truncation.byte(value < 0 ? 0 : value > 255 ? 255 : value)
    }
}
