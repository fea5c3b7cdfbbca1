/// How a pixel is taken from between the pixels of a turned or distorted image.
public enum Interpolation: String, Sendable, Hashable, Codable, CaseIterable {
    /// The pixel in which the place lies.
    case nearest
    /// The mean of the four pixels around, weighted by their nearness.
    case bilinear
}
