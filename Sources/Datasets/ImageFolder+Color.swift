import Catalogue
import Imaging

extension ImageFolder {
    /// The most training images that are looked at for colour: where there is any, it is in nearly all of them.
    static let colorSample = 64

    /// The places of training images that are looked at for colour, spread over all.
    var colorPlaces: [Int] {
        let count = min(Self.colorSample, train.count)
        return (0..<count).map { $0 * train.count / count }
    }

    /// What the images are: in colour if any of a sample of the training images is. One that cannot be read says nothing here; those
    /// who train on it are told.
    public func color() -> ImageColor {
        let colored = parallelMap(colorPlaces.map { train[$0] }) { entry in
            (try? ImageCodec.read(entry.path))?.isColored ?? false
        }
        return colored.contains(true) ? .rgb : .grey
    }
}

extension Image {
    /// Whether there is a pixel whose channels differ: files of three channels often hold grey images.
    var isColored: Bool {
        guard channels == 3 else { return false }
        return pixels.withUnsafeBufferPointer { pixels in
            var index = 0
            while index < pixels.count {
                if pixels[index] != pixels[index + 1] || pixels[index] != pixels[index + 2] { return true }
                index += 3
            }
            return false
        }
    }
}
