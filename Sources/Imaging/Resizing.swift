import Foundation

extension Image {
    /// How an image is resized.
    public enum Filter: Sendable {
        /// Pillow's BILINEAR: a triangle as wide as the reduction, so that shrinking does not alias.
        case bilinear
        /// Pillow's NEAREST, for masks.
        case nearest
    }

    /// The image at another size, equal to Pillow's `resize`: two passes, across and then down, in 22-bit fixed
    /// point with 8-bit rounding between them.
    public func resized(width: Int, height: Int, filter: Filter) -> Image {
        precondition(width > 0 && height > 0, "the size is positive")
        if width == self.width, height == self.height { return self }
        switch filter {
        case .nearest: return nearest(width: width, height: height)
        case .bilinear:
            let across = width == self.width ? self : resampledAcross(Taps(from: self.width, to: width))
            return height == self.height ? across : across.resampledDown(Taps(from: self.height, to: height))
        }
    }

    private func nearest(width: Int, height: Int) -> Image {
        func places(_ from: Int, _ to: Int) -> [Int] {
            let scale = Double(from) / Double(to)
            return (0..<to).map { min(from - 1, Int((Double($0) + 0.5) * scale)) }
        }
        let columns = places(self.width, width)
        var result: [UInt8] = []
        result.reserveCapacity(width * height * channels)
        for row in places(self.height, height) {
            for column in columns {
                let start = (row * self.width + column) * channels
                result += pixels[start..<start + channels]
            }
        }
        return Image(width: width, height: height, channels: channels, pixels: result)
    }

    private func resampledAcross(_ taps: Taps) -> Image {
        let (channels, oldWidth, newWidth) = (channels, width, taps.starts.count)
        let result = [UInt8](unsafeUninitializedCapacity: newWidth * height * channels) { target, count in
            pixels.withUnsafeBufferPointer { source in
                taps.weights.withUnsafeBufferPointer { weights in
                    for row in 0..<height {
                        for column in 0..<newWidth {
                            let (start, length) = (taps.starts[column], taps.counts[column])
                            let first = column * taps.stride
                            for channel in 0..<channels {
                                var sum: Int32 = 1 << (Taps.precision - 1)
                                var place = (row * oldWidth + start) * channels + channel
                                for tap in 0..<length {
                                    sum &+= Int32(source[place]) &* weights[first + tap]
                                    place += channels
                                }
                                target[(row * newWidth + column) * channels + channel] = Taps.clipped(sum)
                            }
                        }
                    }
                }
            }
            count = newWidth * height * channels
        }
        return Image(width: newWidth, height: height, channels: channels, pixels: result)
    }

    private func resampledDown(_ taps: Taps) -> Image {
        let (rowLength, newHeight) = (width * channels, taps.starts.count)
        let result = [UInt8](unsafeUninitializedCapacity: rowLength * newHeight) { target, count in
            pixels.withUnsafeBufferPointer { source in
                taps.weights.withUnsafeBufferPointer { weights in
                    for row in 0..<newHeight {
                        let (start, length) = (taps.starts[row], taps.counts[row])
                        let first = row * taps.stride
                        for place in 0..<rowLength {
                            var sum: Int32 = 1 << (Taps.precision - 1)
                            for tap in 0..<length {
                                sum &+= Int32(source[(start + tap) * rowLength + place]) &* weights[first + tap]
                            }
                            target[row * rowLength + place] = Taps.clipped(sum)
                        }
                    }
                }
            }
            count = rowLength * newHeight
        }
        return Image(width: width, height: newHeight, channels: channels, pixels: result)
    }
}

/// For each output place, the inputs it is made of and their weights in fixed point.
private struct Taps {
    static let precision: Int32 = 22

    var starts: [Int] = []
    var counts: [Int] = []
    /// `stride` weights for each output place.
    var weights: [Int32] = []
    let stride: Int

    init(from old: Int, to new: Int) {
        let scale = Double(old) / Double(new)
        let filterScale = max(scale, 1)
        // The triangle's half width is one input pixel, or one output pixel when shrinking.
        let support = filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        for place in 0..<new {
            let center = (Double(place) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let end = min(old, Int(center + support + 0.5))
            var row = (start..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) / filterScale)) }
            let sum = row.reduce(0, +)
            if sum != 0 { row = row.map { $0 / sum } }
            starts.append(start)
            counts.append(row.count)
            weights += row.map { Int32($0 * Double(1 << Taps.precision) + 0.5) }
            weights += Array(repeating: 0, count: stride - row.count)
        }
    }

    @inline(__always) static func clipped(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(255, max(0, sum >> precision)))
    }
}
