import Imaging

extension ImageBuffer {
    /// Resizes the image as `Image.resized` and Pillow's `resize` do. The aspect is not kept.
    public func resize(_ newSize: ImageSize, filter: Image.Filter) {
        resizeCrop(x: 0, y: 0, size: size, to: newSize, filter: filter)
    }

    /// Cuts out a part that lies inside and resizes it, as torchvision's `resized_crop` does with a Pillow image: nothing
    /// outside of the part has a share in the result.
    public func resizeCrop(x: Int, y: Int, size part: ImageSize, to newSize: ImageSize, filter: Image.Filter) {
        precondition(x >= 0 && y >= 0 && x + part.width <= width && y + part.height <= height, "the part is inside")
        precondition(newSize.width > 0 && newSize.height > 0, "the size is positive")
        if part == newSize { return crop(x: x, y: y, size: part) }
        if filter == .nearest {
            crop(x: x, y: y, size: part)
            return nearest(newSize)
        }
        if newSize.width == part.width {
            crop(x: x, y: y, size: part)
        } else {
            tapsAcross.set(from: part.width, to: newSize.width, filter: filter)
            resampleAcross(x: x, y: y, part: part, to: newSize.width)
        }
        if newSize.height != part.height {
            tapsDown.set(from: part.height, to: newSize.height, filter: filter)
            resampleDown(to: newSize.height)
        }
    }

    /// Pillow's NEAREST: places are summed step by step, since the rounding decides at the border of two pixels.
    private func nearest(_ newSize: ImageSize) {
        let (old, channels) = (size, channels)
        let places = notes(Int32.self, count: newSize.width + newSize.height)
        func fill(_ target: UnsafeMutablePointer<Int32>, _ from: Int, _ to: Int) {
            let scale = Double(from) / Double(to)
            var place = scale * 0.5
            for index in 0..<to {
                target[index] = Int32(min(from - 1, Int(place)))
                place += scale
            }
        }
        let (columns, rows) = (places, places + newSize.width)
        fill(columns, old.width, newSize.width)
        fill(rows, old.height, newSize.height)
        replace(size: newSize) { source, target in
            for channel in 0..<channels {
                for row in 0..<newSize.height {
                    let from = source + channel * old.pixels + Int(rows[row]) * old.width
                    let to = target + channel * newSize.pixels + row * newSize.width
                    for column in 0..<newSize.width { to[column] = from[Int(columns[column])] }
                }
            }
        }
    }

    /// The part of the image, its rows resampled. Done on the transposed image, where what was a column is a row and can be
    /// worked on as a whole.
    private func resampleAcross(x: Int, y: Int, part: ImageSize, to newWidth: Int) {
        let (old, channels) = (size, channels)
        let newSize = ImageSize(width: newWidth, height: part.height)
        let turned = (part.pixels + 63) & ~63
        let room = notes(UInt8.self, count: turned + ((newSize.pixels + 63) & ~63) + 4 * part.height)
        let (narrow, sums) = (room + turned, room + turned + ((newSize.pixels + 63) & ~63))
        replace(size: newSize) { source, target in
            for channel in 0..<channels {
                Transposition.transpose(
                    source + channel * old.pixels + y * old.width + x, sourceStride: old.width,
                    width: part.width, height: part.height, to: room, targetStride: part.height)
                sums.withMemoryRebound(to: Int32.self, capacity: part.height) {
                    tapsAcross.resampleRows(room, columns: part.height, to: narrow, sums: $0)
                }
                Transposition.transpose(
                    narrow, sourceStride: part.height, width: part.height, height: newWidth,
                    to: target + channel * newSize.pixels, targetStride: newWidth)
            }
        }
    }

    private func resampleDown(to newHeight: Int) {
        let (old, channels) = (size, channels)
        let newSize = ImageSize(width: old.width, height: newHeight)
        let sums = notes(Int32.self, count: old.width)
        replace(size: newSize) { source, target in
            for channel in 0..<channels {
                tapsDown.resampleRows(
                    source + channel * old.pixels, columns: old.width, to: target + channel * newSize.pixels, sums: sums)
            }
        }
    }
}

extension ResamplingTaps {
    /// Makes every row of `target` from the rows of `source` that it has a share of; all have `columns` bytes, and `sums` has
    /// room for as many numbers.
    fileprivate func resampleRows(
        _ source: UnsafePointer<UInt8>, columns: Int, to target: UnsafeMutablePointer<UInt8>, sums: UnsafeMutablePointer<Int32>
    ) {
        let half = Int32(1) << (ResamplingTaps.precision - 1)
        // `clipped` once more: a function of another module is called and not inlined, here for every pixel.
        let precision = ResamplingTaps.precision
        @inline(__always) func level(_ sum: Int32) -> UInt8 { UInt8(truncatingIfNeeded: min(255, max(0, sum &>> precision))) }
        weights.withUnsafeBufferPointer { weights in
            for row in 0..<starts.count {
                let (first, count) = (source + starts[row] * columns, counts[row])
                let (shares, line) = (weights.baseAddress! + row * stride, target + row * columns)
                @inline(__always) func tap(_ index: Int) -> (UnsafePointer<UInt8>, Int32) {
                    (first + index * columns, shares[index])
                }
                switch count {
                case 1:
                    let (a, p) = tap(0)
                    for x in 0..<columns { line[x] = level(half &+ Int32(a[x]) &* p) }
                case 2:
                    let ((a, p), (b, q)) = (tap(0), tap(1))
                    for x in 0..<columns { line[x] = level(half &+ Int32(a[x]) &* p &+ Int32(b[x]) &* q) }
                case 3:
                    let ((a, p), (b, q), (c, r)) = (tap(0), tap(1), tap(2))
                    for x in 0..<columns {
                        line[x] = level(half &+ Int32(a[x]) &* p &+ Int32(b[x]) &* q &+ Int32(c[x]) &* r)
                    }
                case 4:
                    let ((a, p), (b, q), (c, r), (d, s)) = (tap(0), tap(1), tap(2), tap(3))
                    for x in 0..<columns {
                        let front = half &+ Int32(a[x]) &* p &+ Int32(b[x]) &* q
                        line[x] = level(front &+ Int32(c[x]) &* r &+ Int32(d[x]) &* s)
                    }
                default:
                    sums.update(repeating: half, count: columns)
                    var index = 0
                    while index + 4 <= count {
                        let ((a, p), (b, q)) = (tap(index), tap(index + 1))
                        let ((c, r), (d, s)) = (tap(index + 2), tap(index + 3))
                        for x in 0..<columns {
                            let front = sums[x] &+ Int32(a[x]) &* p &+ Int32(b[x]) &* q
                            sums[x] = front &+ Int32(c[x]) &* r &+ Int32(d[x]) &* s
                        }
                        index += 4
                    }
                    while index < count {
                        let (a, p) = tap(index)
                        for x in 0..<columns { sums[x] = sums[x] &+ Int32(a[x]) &* p }
                        index += 1
                    }
                    for x in 0..<columns { line[x] = level(sums[x]) }
                }
            }
        }
    }
}
