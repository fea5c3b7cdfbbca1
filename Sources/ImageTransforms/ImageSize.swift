/// The size of an image in pixels.
public struct ImageSize: Sendable, Hashable, Codable {
    /// Pixels in a row.
    public var width: Int
    /// Number of rows.
    public var height: Int

    /// `width` × `height` pixels.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// `side` × `side` pixels.
    public init(side: Int) { self.init(width: side, height: side) }

    /// Number of pixels.
    public var pixels: Int { width * height }
}

extension ImageSize: CustomStringConvertible {
    /// As in "224×224".
    public var description: String { "\(width)×\(height)" }
}
