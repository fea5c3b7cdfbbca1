/// Many images on one.
public enum ContactSheet {
    /// Tiles `images` in rows of `columns`, each brought to `side` pixels, on a dark ground with thin gaps.
    /// - Parameters:
    ///   - columns: tiles in a row, at least 1.
    ///   - side: side of a tile in pixels; the aspect of an image is not kept.
    public static func make(_ images: [Image], columns: Int, side: Int = 96) -> Image {
        precondition(columns > 0 && side > 0, "there are tiles to place")
        let gap = 4
        let rows = (images.count + columns - 1) / columns
        let (width, height) = (columns * (side + gap) + gap, rows * (side + gap) + gap)
        var pixels = [UInt8](repeating: 32, count: width * height * 3)
        for (index, image) in images.enumerated() {
            let tile = image.rgb().resized(width: side, height: side, filter: .bilinear)
            let (left, top) = (gap + index % columns * (side + gap), gap + index / columns * (side + gap))
            for row in 0..<side {
                let target = ((top + row) * width + left) * 3
                pixels.replaceSubrange(target..<target + side * 3, with: tile.pixels[row * side * 3..<(row + 1) * side * 3])
            }
        }
        return Image(width: width, height: height, channels: 3, pixels: pixels)
    }
}
