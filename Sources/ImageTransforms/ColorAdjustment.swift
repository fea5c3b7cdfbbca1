/// One of the four changes of torchvision's `ColorJitter`, with what Pillow makes of it.
public enum ColorAdjustment: Sendable, Hashable, Codable {
    /// Blends with black: 0 is black, 1 the image itself. Not negative.
    case brightness(Double)
    /// Blends with the mean grey level: 0 is that grey, 1 the image itself. Not negative.
    case contrast(Double)
    /// Blends with the grey image: 0 is grey, 1 the image itself. Not negative. Nothing happens to a grey image.
    case saturation(Double)
    /// Turns the hue by this share of the circle, -0.5...0.5. Nothing happens to a grey image.
    case hue(Double)
}
