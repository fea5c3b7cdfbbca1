import Foundation

extension ImageBuffer {
    /// Turns the image about its middle, counter-clockwise, as Pillow's `rotate` does; what comes from outside is black.
    /// - Parameters:
    ///   - degrees: the angle. Quarter turns that keep the size, and half turns, move pixels only.
    ///   - expand: make the image so large that nothing is cut off.
    public func rotate(degrees: Double, interpolation: Interpolation, expand: Bool = false) {
        let angle = Self.circled(degrees)
        switch angle {
        case 0, 360: return
        case 180:
            flipHorizontally()
            return flipVertically()
        case 90 where expand || width == height:
            transpose()
            return flipVertically()
        case 270 where expand || width == height:
            transpose()
            return flipHorizontally()
        default: break
        }
        let (matrix, newSize) = AffineMatrix.rotation(degrees: angle, size: size, expand: expand)
        warp(matrix, size: newSize, interpolation: interpolation)
    }

    /// The size of an image of `size` that is turned and not cut off.
    static func sizeAfterRotation(degrees: Double, of size: ImageSize) -> ImageSize {
        let angle = circled(degrees)
        switch angle {
        case 0, 180, 360: return size
        case 90, 270: return ImageSize(width: size.height, height: size.width)
        default: return AffineMatrix.rotation(degrees: angle, size: size, expand: true).size
        }
    }

    /// An angle in 0...360, as Python's `%` has it.
    private static func circled(_ degrees: Double) -> Double {
        let angle = fmod(degrees, 360)
        return angle < 0 ? angle + 360 : angle
    }

    /// Turns, scales, shears and shifts the image as torchvision's `affine` does with a Pillow image; black comes from outside.
    public func transform(_ parameters: AffineParameters, interpolation: Interpolation) {
        warp(AffineMatrix(parameters, size: size), size: size, interpolation: interpolation)
    }

    /// Pillow's `transform` with AFFINE.
    private func warp(_ matrix: AffineMatrix, size newSize: ImageSize, interpolation: Interpolation) {
        let (old, channels) = (size, channels)
        replace(size: newSize) { source, target in
            target.update(repeating: 0, count: newSize.pixels * channels)
            let warp = Warp(source: source, old: old, target: target, new: newSize, channels: channels, matrix: matrix)
            switch interpolation {
            case .bilinear: warp.bilinear()
            case .nearest where matrix.b == 0 && matrix.d == 0: warp.scaled()
            case .nearest where warp.fitsFixedPoint: warp.fixedPoint()
            case .nearest: warp.nearest()
            }
        }
    }
}

/// The ways in which Pillow's Geometry.c finds the pixels, each with its own rounding.
private struct Warp {
    let source: UnsafePointer<UInt8>
    let old: ImageSize
    let target: UnsafeMutablePointer<UInt8>
    let new: ImageSize
    let channels: Int
    let matrix: AffineMatrix

    @inline(__always) private func move(from: Int, to: Int) {
        for channel in 0..<channels { target[channel * new.pixels + to] = source[channel * old.pixels + from] }
    }

    /// The pixel in which `place` lies, or none outside of 0..<`count`.
    @inline(__always) private func pixel(_ place: Double, _ count: Int) -> Int? {
        // Compared before it is converted: a place may be too far off for an integer.
        place >= 0 && place < Double(count) ? Int(place) : nil
    }

    /// ImagingScaleAffine: no turning, so columns and rows are found by themselves, step by step.
    func scaled() {
        var y = matrix.f + matrix.e * 0.5
        for row in 0..<new.height {
            defer { y += matrix.e }
            guard let from = pixel(y, old.height) else { continue }
            var x = matrix.c + matrix.a * 0.5
            for column in 0..<new.width {
                if let place = pixel(x, old.width) { move(from: from * old.width + place, to: row * new.width + column) }
                x += matrix.a
            }
        }
    }

    /// Whether the four corners can be written with 16 bits before the point.
    var fitsFixedPoint: Bool {
        let (width, height) = (Double(new.width), Double(new.height))
        return [(0, 0), (width, height), (0, height), (width, 0)].allSatisfy {
            let (x, y) = matrix.image($0.0, $0.1)
            return abs(x) < 32768 && abs(y) < 32768
        }
    }

    /// affine_fixed: places in 16.16 fixed point.
    func fixedPoint() {
        func fixed(_ value: Double) -> Int32 { Int32(truncatingIfNeeded: Int((value * 65536 + 0.5).rounded(.down))) }
        let (a, b, d, e) = (fixed(matrix.a), fixed(matrix.b), fixed(matrix.d), fixed(matrix.e))
        var firstX = fixed(matrix.c + matrix.a * 0.5 + matrix.b * 0.5)
        var firstY = fixed(matrix.f + matrix.d * 0.5 + matrix.e * 0.5)
        let (width, height) = (UInt32(old.width), UInt32(old.height))
        for row in 0..<new.height {
            let (startX, startY) = (firstX, firstY)
            @inline(__always) func place(_ column: Int) -> (x: UInt32, y: UInt32) {
                let step = Int32(truncatingIfNeeded: column)
                // Negative places become large ones, so that one comparison finds both.
                return (UInt32(bitPattern: (startX &+ a &* step) >> 16), UInt32(bitPattern: (startY &+ d &* step) >> 16))
            }
            @inline(__always) func isInside(_ column: Int) -> Bool {
                let (x, y) = place(column)
                return x < width && y < height
            }
            // A line crosses the image at most once: what is inside is one stretch.
            var (first, end) = (0, new.width)
            while first < end, !isInside(first) { first += 1 }
            while first < end, !isInside(end - 1) { end -= 1 }
            let line = target + row * new.width
            @inline(__always) func from(_ column: Int) -> Int {
                let (x, y) = place(column)
                return Int(y) &* old.width &+ Int(x)
            }
            if channels == 3 {
                for column in first..<end {
                    let place = from(column)
                    line[column] = source[place]
                    line[column &+ new.pixels] = source[place &+ old.pixels]
                    line[column &+ 2 &* new.pixels] = source[place &+ 2 &* old.pixels]
                }
            } else {
                for column in first..<end { line[column] = source[from(column)] }
            }
            firstX &+= b
            firstY &+= e
        }
    }

    /// ImagingTransformAffine's last resort: places in floating point, step by step.
    func nearest() {
        var firstX = matrix.c + matrix.b * 0.5 + matrix.a * 0.5
        var firstY = matrix.f + matrix.e * 0.5 + matrix.d * 0.5
        for row in 0..<new.height {
            var (x, y) = (firstX, firstY)
            for column in 0..<new.width {
                if let fromX = pixel(x, old.width), let fromY = pixel(y, old.height) {
                    move(from: fromY * old.width + fromX, to: row * new.width + column)
                }
                x += matrix.a
                y += matrix.d
            }
            firstX += matrix.b
            firstY += matrix.e
        }
    }

    /// bilinear_filter8 at every pixel: doubles, and the result cut off rather than rounded.
    func bilinear() {
        let (width, height) = (Double(old.width), Double(old.height))
        for row in 0..<new.height {
            for column in 0..<new.width {
                var (x, y) = matrix.image(Double(column) + 0.5, Double(row) + 0.5)
                guard x >= 0, x < width, y >= 0, y < height else { continue }
                x -= 0.5
                y -= 0.5
                let (floorX, floorY) = (x < 0 ? -1 : Int(x), y < 0 ? -1 : Int(y))
                let (shareX, shareY) = (x - Double(floorX), y - Double(floorY))
                let (left, right) = (max(0, floorX), min(old.width - 1, floorX + 1))
                let (upper, lower) = (max(0, floorY), min(old.height - 1, floorY + 1))
                for channel in 0..<channels {
                    let plane = source + channel * old.pixels
                    @inline(__always) func across(_ line: Int) -> Double {
                        let (first, second) = (Int32(plane[line * old.width + left]), Int32(plane[line * old.width + right]))
                        return Double(first) + Double(second - first) * shareX
                    }
                    let first = across(upper)
                    let second = upper == lower ? first : across(lower)
                    let value = first + (second - first) * shareY
                    target[channel * new.pixels + row * new.width + column] = UInt8(truncatingIfNeeded: Int32(value))
                }
            }
        }
    }
}
