import Imaging

/// A transform of an image, most of them random, with torchvision's names and rules for Pillow images. It is drawn first
/// and applied then, so that what was drawn can be shown, tested or applied to something else as well.
public enum ImageTransform: Sendable, Hashable, Codable {
    /// The middle of the image. A larger size than the image's has black around the image.
    case centerCrop(ImageSize)
    /// Any part of the image, or, where the size is larger than the image's, the image anywhere in black.
    case randomCrop(ImageSize)
    /// Left and right swapped, with a probability.
    case horizontalFlip(probability: Double)
    /// Top and bottom swapped, with a probability.
    case verticalFlip(probability: Double)
    /// Turned about the middle by degrees counter-clockwise, black from outside, the size kept.
    case rotation(degrees: ClosedRange<Double>, interpolation: Interpolation)
    /// Turned, shifted, scaled and sheared.
    case affine(RandomAffine)
    /// Brightness, contrast, saturation and hue changed.
    case colorJitter(ColorJitter)
    /// All channels made the luma, with a probability.
    case randomGrey(probability: Double)
    /// A part of random area and aspect, resized.
    case randomResizedCrop(RandomResizedCrop)
    /// Blurred by a Gaussian; the radius is its standard deviation in pixels.
    case gaussianBlur(radius: ClosedRange<Double>)
    /// Resized to a size, whatever the aspect.
    case resize(ImageSize, filter: Image.Filter)
    /// Resized so that the shorter side has this many pixels, the aspect kept: torchvision's `Resize` of a single number.
    case resizeShortSide(Int, filter: Image.Filter)
    /// Another transform, with a probability: torchvision's `RandomApply`.
    indirect case sometimes(ImageTransform, probability: Double)

    /// What happens to one image of `size`.
    public func draw(using random: inout RandomStream, size: ImageSize) -> DrawnTransform {
        switch self {
        case .centerCrop(let part):
            func corner(_ whole: Int, _ part: Int) -> Int {
                whole < part ? -((part - whole) / 2) : Int((Double(whole - part) / 2).rounded(.toNearestOrEven))
            }
            return .crop(x: corner(size.width, part.width), y: corner(size.height, part.height), size: part)
        case .randomCrop(let part):
            func corner(_ whole: Int, _ part: Int) -> Int { random.integer(min(0, whole - part)...max(0, whole - part)) }
            let y = corner(size.height, part.height)
            return .crop(x: corner(size.width, part.width), y: y, size: part)
        case .horizontalFlip(let probability):
            return random.bernoulli(probability) ? .horizontalFlip : .identity
        case .verticalFlip(let probability):
            return random.bernoulli(probability) ? .verticalFlip : .identity
        case .rotation(let degrees, let interpolation):
            return .rotation(degrees: random.uniform(degrees), interpolation: interpolation, expand: false)
        case .affine(let affine):
            return .affine(affine.draw(using: &random, size: size), interpolation: affine.interpolation)
        case .colorJitter(let jitter):
            return .colorAdjustments(jitter.draw(using: &random))
        case .randomGrey(let probability):
            return random.bernoulli(probability) ? .grey : .identity
        case .randomResizedCrop(let crop):
            let (x, y, part) = crop.draw(using: &random, size: size)
            return .resizedCrop(x: x, y: y, size: part, to: crop.size, filter: crop.filter)
        case .gaussianBlur(let radius):
            return .gaussianBlur(radius: random.uniform(radius))
        case .resize(let newSize, let filter):
            return .resize(newSize, filter: filter)
        case .resizeShortSide(let side, let filter):
            func other(_ long: Int, _ short: Int) -> Int { max(1, side * long / short) }
            let newSize = size.width <= size.height
                ? ImageSize(width: side, height: other(size.height, size.width))
                : ImageSize(width: other(size.width, size.height), height: side)
            return .resize(newSize, filter: filter)
        case .sometimes(let transform, let probability):
            return random.bernoulli(probability) ? transform.draw(using: &random, size: size) : .identity
        }
    }

    /// - Throws: ``TransformError`` for parameters that mean nothing, such as a probability above 1.
    public func check() throws(TransformError) {
        func check(_ size: ImageSize) throws(TransformError) {
            guard size.width > 0, size.height > 0 else {
                throw TransformError("a transform makes images of \(size) pixels; a size must be positive")
            }
        }
        func check(probability: Double) throws(TransformError) {
            guard probability >= 0, probability <= 1 else {
                throw TransformError("a transform has the probability \(probability); it must be within 0...1")
            }
        }
        switch self {
        case .centerCrop(let size), .randomCrop(let size), .resize(let size, _): try check(size)
        case .horizontalFlip(let probability), .verticalFlip(let probability), .randomGrey(let probability):
            try check(probability: probability)
        case .rotation(let degrees, _):
            guard degrees.lowerBound.isFinite, degrees.upperBound.isFinite else {
                throw TransformError("a rotation is by \(degrees) degrees; they must be finite")
            }
        case .affine(let affine): try affine.check()
        case .colorJitter(let jitter): try jitter.check()
        case .randomResizedCrop(let crop):
            try check(crop.size)
            try crop.check()
        case .gaussianBlur(let radius):
            guard radius.lowerBound >= 0, radius.upperBound <= 1000 else {
                throw TransformError("a Gaussian blur has a radius of \(radius); it must be within 0...1000")
            }
        case .resizeShortSide(let side, _): try check(ImageSize(side: side))
        case .sometimes(let transform, let probability):
            try check(probability: probability)
            try transform.check()
        }
    }
}
