extension ImageBuffer {
    /// Cuts out the part of `size` whose upper left corner is at (`x`, `y`). What lies outside is black, as with Pillow's `crop`.
    public func crop(x: Int, y: Int, size part: ImageSize) {
        if x == 0, y == 0, part == size { return }
        let (old, channels) = (size, channels)
        let (left, right) = (min(max(0, -x), part.width), max(0, min(part.width, old.width - x)))
        replace(size: part) { source, target in
            for channel in 0..<channels {
                for row in 0..<part.height {
                    let line = target + (channel * part.height + row) * part.width
                    let from = y + row
                    guard from >= 0, from < old.height, left < right else {
                        line.update(repeating: 0, count: part.width)
                        continue
                    }
                    line.update(repeating: 0, count: left)
                    (line + left).update(from: source + (channel * old.height + from) * old.width + x + left, count: right - left)
                    (line + right).update(repeating: 0, count: part.width - right)
                }
            }
        }
    }

    /// Swaps left and right.
    public func flipHorizontally() {
        let (width, rows) = (width, height * channels)
        replace(size: size) { source, target in
            for row in 0..<rows {
                let (from, to) = (source + row * width, target + row * width)
                for x in 0..<width { to[x] = from[width - 1 - x] }
            }
        }
    }

    /// Swaps top and bottom.
    public func flipVertically() {
        let (width, height, channels) = (width, height, channels)
        replace(size: size) { source, target in
            for channel in 0..<channels {
                for row in 0..<height {
                    (target + (channel * height + row) * width)
                        .update(from: source + (channel * height + height - 1 - row) * width, count: width)
                }
            }
        }
    }

    /// Swaps rows and columns.
    public func transpose() {
        let (old, channels) = (size, channels)
        replace(size: ImageSize(width: old.height, height: old.width)) { source, target in
            for channel in 0..<channels {
                Transposition.transpose(
                    source + channel * old.pixels, sourceStride: old.width, width: old.width, height: old.height,
                    to: target + channel * old.pixels, targetStride: old.height)
            }
        }
    }
}
