/// Damage done to a file for a test, the same in every run.
public struct Mutation {
    private var random: SplitMix

    public init(seed: UInt64) { random = SplitMix(seed) }

    /// `original` with one to four of its bytes flipped, removed, doubled or replaced, or its parts swapped or cut off.
    public mutating func damaged(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let length = min(bytes.count - place, Int.random(in: 1...16, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.removeSubrange(place..<place + length)
            case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
            case 4: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
            case 5:
                let other = Int.random(in: 0..<bytes.count, using: &random)
                for step in 0..<min(length, bytes.count - other) { bytes.swapAt(place + step, other + step) }
            default:
                if Bool.random(using: &random) { bytes.removeSubrange(place...) } else { bytes.append(bytes[place]) }
            }
        }
        return bytes
    }

    /// `original` with some of its words swapped, doubled, removed, or replaced by one of `words`.
    public mutating func damaged(_ original: String, words: [String]) -> String {
        var parts = Self.parts(of: original)
        for _ in 0..<Int.random(in: 1...4, using: &random) where !parts.isEmpty {
            let place = parts.indices.randomElement(using: &random)!
            switch Int.random(in: 0..<5, using: &random) {
            case 0: parts.swapAt(place, parts.indices.randomElement(using: &random)!)
            case 1: parts.insert(parts[place], at: parts.indices.randomElement(using: &random)!)
            case 2: parts.remove(at: place)
            default: parts[place] = words.randomElement(using: &random)!
            }
        }
        return parts.joined()
    }

    /// A number below `bound`.
    public mutating func choice(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    /// Words, and every other character by itself.
    private static func parts(of text: String) -> [String] {
        var parts: [String] = []
        var isWord = false
        for character in text {
            let continues = isWord && (character.isLetter || character.isNumber || character == "_")
            if continues { parts[parts.count - 1].append(character) } else { parts.append(String(character)) }
            isWord = character.isLetter || character.isNumber || character == "_"
        }
        return parts
    }
}
