import Imaging

/// A transform with all its random numbers drawn: applied to the same image, it always gives the same.
public enum DrawnTransform: Sendable, Hashable, Codable {
    /// Nothing changes.
    case identity
    /// The part of a size whose upper left corner is at (x, y); black where that is outside of the image.
    case crop(x: Int, y: Int, size: ImageSize)
    /// Left and right swapped.
    case horizontalFlip
    /// Top and bottom swapped.
    case verticalFlip
    /// Turned about the middle, counter-clockwise; enlarged so that nothing is cut off if `expand` is true.
    case rotation(degrees: Double, interpolation: Interpolation, expand: Bool)
    /// Turned, scaled, sheared and shifted.
    case affine(AffineParameters, interpolation: Interpolation)
    /// Changes of colour, one after the other.
    case colorAdjustments([ColorAdjustment])
    /// All channels made the luma.
    case grey
    /// The part of a size whose upper left corner is at (x, y), which lies inside, resized.
    case resizedCrop(x: Int, y: Int, size: ImageSize, to: ImageSize, filter: Image.Filter)
    /// Blurred by a Gaussian with this standard deviation in pixels.
    case gaussianBlur(radius: Double)
    /// Resized.
    case resize(ImageSize, filter: Image.Filter)

    /// Changes the image in `buffer`.
    public func apply(to buffer: ImageBuffer) {
        switch self {
        case .identity: break
        case .crop(let x, let y, let size): buffer.crop(x: x, y: y, size: size)
        case .horizontalFlip: buffer.flipHorizontally()
        case .verticalFlip: buffer.flipVertically()
        case .rotation(let degrees, let interpolation, let expand):
            buffer.rotate(degrees: degrees, interpolation: interpolation, expand: expand)
        case .affine(let parameters, let interpolation): buffer.transform(parameters, interpolation: interpolation)
        case .colorAdjustments(let adjustments): for adjustment in adjustments { buffer.adjust(adjustment) }
        case .grey: buffer.makeGrey()
        case .resizedCrop(let x, let y, let part, let size, let filter):
            buffer.resizeCrop(x: x, y: y, size: part, to: size, filter: filter)
        case .gaussianBlur(let radius): buffer.blur(radius: radius)
        case .resize(let size, let filter): buffer.resize(size, filter: filter)
        }
    }

    /// The transformed image.
    public func apply(to image: Image) -> Image {
        let buffer = ImageBuffer(image)
        apply(to: buffer)
        return buffer.image
    }

    /// The size that an image of `size` has afterwards.
    public func size(after size: ImageSize) -> ImageSize {
        switch self {
        case .identity, .horizontalFlip, .verticalFlip, .affine, .colorAdjustments, .grey, .gaussianBlur: size
        case .crop(_, _, let part): part
        case .resizedCrop(_, _, _, let newSize, _), .resize(let newSize, _): newSize
        case .rotation(let degrees, _, let expand):
            expand ? ImageBuffer.sizeAfterRotation(degrees: degrees, of: size) : size
        }
    }
}
