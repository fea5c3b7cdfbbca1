/// Every pixel of a test set in the order of its score.
struct PixelRanking {
    /// The scores of normal pixels, ascending, in the form of ``key(of:)``.
    let normals: [UInt32]
    /// Abnormal pixels, ascending: the score's key in the upper half, the number of the pixel's region in the lower.
    let abnormals: [UInt64]
    /// Pixels of each region.
    let regionSizes: [Int]

    /// Pixels with one and the same score.
    struct Step {
        let key: UInt32
        let normals: Int
        /// Abnormal pixels with this score, their regions in the lower halves.
        let abnormals: UnsafeBufferPointer<UInt64>.SubSequence
    }

    /// - Throws: ``TrainingError`` when the counts differ or a score is not finite.
    init(scores: [Float], labels: [UInt8], width: Int, height: Int) throws(TrainingError) {
        guard scores.count == labels.count else {
            throw TrainingError("there are \(scores.count) pixel scores for \(labels.count) mask pixels")
        }
        guard width > 0, height > 0, scores.count.isMultiple(of: width * height) else {
            throw TrainingError("\(scores.count) pixel scores are no whole number of maps of \(width) × \(height) pixels")
        }
        let abnormalCount = labels.reduce(into: 0) { $0 += $1 == 0 ? 0 : 1 }
        var normals: [UInt32] = []
        var abnormals: [UInt64] = []
        normals.reserveCapacity(labels.count - abnormalCount)
        abnormals.reserveCapacity(abnormalCount)
        var regions = RegionLabels(width: width, height: height)
        for start in stride(from: 0, to: scores.count, by: width * height) {
            regions.label(labels[start..<start + width * height])
            for place in 0..<width * height {
                let score = scores[start + place]
                guard score.isFinite else {
                    throw TrainingError("pixel \(start + place) has the score \(score), not a number to rank by", kind: .divergence)
                }
                let key = PixelRanking.key(of: score)
                if labels[start + place] == 0 {
                    normals.append(key)
                } else {
                    abnormals.append(UInt64(key) << 32 | UInt64(regions.numbers[place]))
                }
            }
        }
        normals.withUnsafeMutableBufferPointer { radixSort($0) }
        abnormals.withUnsafeMutableBufferPointer { radixSort($0) }
        self.normals = normals
        self.abnormals = abnormals
        regionSizes = regions.sizes
    }

    /// Bits of the score that order as scores do.
    static func key(of score: Float) -> UInt32 {
        // Adding zero makes -0 and 0 the same score.
        let bits = (score + 0).bitPattern
        return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    }

    /// The score that has this key.
    static func score(of key: UInt32) -> Float {
        Float(bitPattern: key & 0x8000_0000 == 0 ? ~key : key & 0x7FFF_FFFF)
    }

    /// Calls `body` once for each distinct score, from the highest down.
    func forEachStep(_ body: (Step) -> Void) {
        // Arrays would be retained and released for every step.
        normals.withUnsafeBufferPointer { normals in
            abnormals.withUnsafeBufferPointer { abnormals in
                var (normalEnd, abnormalEnd) = (normals.count, abnormals.count)
                while normalEnd > 0 || abnormalEnd > 0 {
                    let key = max(
                        normalEnd > 0 ? normals[normalEnd - 1] : 0, abnormalEnd > 0 ? UInt32(abnormals[abnormalEnd - 1] >> 32) : 0)
                    var (normalStart, abnormalStart) = (normalEnd, abnormalEnd)
                    while normalStart > 0, normals[normalStart - 1] == key { normalStart -= 1 }
                    while abnormalStart > 0, UInt32(abnormals[abnormalStart - 1] >> 32) == key { abnormalStart -= 1 }
                    body(Step(key: key, normals: normalEnd - normalStart, abnormals: abnormals[abnormalStart..<abnormalEnd]))
                    (normalEnd, abnormalEnd) = (normalStart, abnormalStart)
                }
            }
        }
    }
}
