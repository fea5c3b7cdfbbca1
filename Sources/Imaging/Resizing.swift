extension Image {
    /// How an image is resized. All but `nearest` grow as wide as the reduction, so that shrinking does not alias.
    public enum Filter: String, Sendable, Codable, CaseIterable {
        /// Pillow's BILINEAR: a triangle, one pixel to each side.
        case bilinear
        /// Pillow's BICUBIC: Keys' cubic convolution with a = -1/2, two pixels to each side.
        case bicubic
        /// Pillow's LANCZOS: a sinc windowed by a sinc, three pixels to each side.
        case lanczos
        /// Pillow's NEAREST, for masks.
        case nearest
    }

    /// The image at another size, equal to Pillow's `resize`: two passes, across and then down, in 22-bit fixed
    /// point with 8-bit rounding between them. (Pillow from 13 on goes down first where that is less work, and then some levels
    /// differ by 1, or by 2 for the filters with negative weights.) Both sizes are in pixels and positive; the aspect is not kept.
    public func resized(width: Int, height: Int, filter: Filter) -> Image {
        precondition(width > 0 && height > 0, "the size is positive")
        if width == self.width, height == self.height { return self }
        switch filter {
        case .nearest: return nearest(width: width, height: height)
        case .bilinear, .bicubic, .lanczos:
            let across = width == self.width
                ? self : resampledAcross(ResamplingTaps(from: self.width, to: width, filter: filter))
            return height == self.height
                ? across : across.resampledDown(ResamplingTaps(from: self.height, to: height, filter: filter))
        }
    }

    private func nearest(width: Int, height: Int) -> Image {
        func places(_ from: Int, _ to: Int) -> [Int] {
            let scale = Double(from) / Double(to)
            var place = scale * 0.5
            // Summed step by step, as Pillow does: at the border of two pixels the rounding decides.
            return (0..<to).map { _ in
                defer { place += scale }
                return min(from - 1, Int(place))
            }
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

    private func resampledAcross(_ taps: ResamplingTaps) -> Image {
        let (channels, oldWidth, newWidth) = (channels, width, taps.starts.count)
        let result = [UInt8](unsafeUninitializedCapacity: newWidth * height * channels) { target, count in
            pixels.withUnsafeBufferPointer { source in
                taps.weights.withUnsafeBufferPointer { weights in
                    for row in 0..<height {
                        for column in 0..<newWidth {
                            let (start, length) = (taps.starts[column], taps.counts[column])
                            let first = column * taps.stride
                            for channel in 0..<channels {
                                var sum: Int32 = 1 << (ResamplingTaps.precision - 1)
                                var place = (row * oldWidth + start) * channels + channel
                                for tap in 0..<length {
                                    sum &+= Int32(source[place]) &* weights[first + tap]
                                    place += channels
                                }
                                target[(row * newWidth + column) * channels + channel] = ResamplingTaps.clipped(sum)
                            }
                        }
                    }
                }
            }
            count = newWidth * height * channels
        }
        return Image(width: newWidth, height: height, channels: channels, pixels: result)
    }

    private func resampledDown(_ taps: ResamplingTaps) -> Image {
        let (rowLength, newHeight) = (width * channels, taps.starts.count)
        let result = [UInt8](unsafeUninitializedCapacity: rowLength * newHeight) { target, count in
            pixels.withUnsafeBufferPointer { source in
                taps.weights.withUnsafeBufferPointer { weights in
                    for row in 0..<newHeight {
                        let (start, length) = (taps.starts[row], taps.counts[row])
                        let first = row * taps.stride
                        for place in 0..<rowLength {
                            var sum: Int32 = 1 << (ResamplingTaps.precision - 1)
                            for tap in 0..<length {
                                sum &+= Int32(source[(start + tap) * rowLength + place]) &* weights[first + tap]
                            }
                            target[row * rowLength + place] = ResamplingTaps.clipped(sum)
                        }
                    }
                }
            }
            count = rowLength * newHeight
        }
        return Image(width: width, height: newHeight, channels: channels, pixels: result)
    }
}
