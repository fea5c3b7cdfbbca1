import Imaging

/// Transforms that are applied one after the other: what torchvision calls `Compose`.
public struct TransformSequence: Sendable, Hashable {
    /// The transforms in their order.
    public let transforms: [ImageTransform]

    /// - Throws: ``TransformError`` for parameters that mean nothing.
    public init(_ transforms: [ImageTransform]) throws(TransformError) {
        for transform in transforms { try transform.check() }
        self.transforms = transforms
    }

    /// No transform at all.
    public static let none = TransformSequence(unchecked: [])

    private init(unchecked transforms: [ImageTransform]) { self.transforms = transforms }

    /// What happens to one image of `size`.
    public func draw(using random: inout RandomStream, size: ImageSize) -> [DrawnTransform] {
        var size = size
        return transforms.map { transform in
            let drawn = transform.draw(using: &random, size: size)
            size = drawn.size(after: size)
            return drawn
        }
    }

    /// Changes the image in `buffer` as `drawn` says.
    public func apply(_ drawn: [DrawnTransform], to buffer: ImageBuffer) {
        for step in drawn { step.apply(to: buffer) }
    }

    /// The transformed image.
    public func apply(_ drawn: [DrawnTransform], to image: Image) -> Image {
        let buffer = ImageBuffer(image)
        apply(drawn, to: buffer)
        return buffer.image
    }

    /// Draws and applies at once, with the same result as one after the other.
    public func callAsFunction(_ buffer: ImageBuffer, using random: inout RandomStream) {
        for transform in transforms { transform.draw(using: &random, size: buffer.size).apply(to: buffer) }
    }
}

/// As a plain list of transforms.
extension TransformSequence: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode([ImageTransform].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(transforms)
    }
}
