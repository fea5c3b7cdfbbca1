import Crypto
import Foundation
import Imaging

/// What an image shows, whatever its file is called and in which format it is.
struct Picture: Hashable, Sendable {
    /// Pixels of a side of the perceptual hash.
    private static let side = 16

    /// SHA-256 of size and pixels, equal for the same picture in another lossless file; colours count where there are any.
    let digest: String
    /// A perceptual hash: the picture in RGB at 16 × 16, which hardly changes when it is saved by a lossy format or at another size.
    let hash: [UInt8]
    /// The mean of ``hash``, 0...255.
    let mean: Double

    init(_ image: Image, isColored: Bool) {
        let plain = isColored ? image : image.grey()
        digest = SHA256.hash(data: Data("\(plain.width) \(plain.height) \(plain.channels)\n".utf8) + plain.pixels).hexadecimal
        hash = image.rgb().resized(width: Self.side, height: Self.side, filter: .bilinear).pixels
        mean = Double(hash.reduce(0) { $0 + Int($1) }) / Double(hash.count)
    }

    /// The root of the mean squared difference of two hashes, 0...255; `nil` once it is sure to be above `limit`.
    func distance(_ other: Picture, limit: Double = 255) -> Double? {
        let most = Int((limit * limit * Double(hash.count)).rounded(.up))
        var sum = 0
        var place = 0
        while place < hash.count {
            let end = min(hash.count, place + 96)
            while place < end {
                let difference = Int(hash[place]) - Int(other.hash[place])
                sum += difference * difference
                place += 1
            }
            if sum > most { return nil }
        }
        let distance = (Double(sum) / Double(hash.count)).squareRoot()
        return distance <= limit ? distance : nil
    }
}
