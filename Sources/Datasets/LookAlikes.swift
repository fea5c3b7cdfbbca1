/// Test images that look like a training image though their pixels differ: saved by a lossy format, at another size, or the next slice.
struct LookAlikes {
    /// The largest distance of perceptual hashes, in grey levels, that lossy formats make.
    private static let formatLimit = 3.0
    /// Look-alikes are at least so many times nearer than pictures of the data set usually are.
    private static let usualRatio = 8.0

    private(set) var warnings: [DatasetProblem] = []

    /// - Parameter pictures: the entries of training and then of test, with what they show.
    init(_ folder: ImageFolder, _ pictures: [(entry: ImageEntry, picture: Picture?)]) {
        let count = folder.train.count
        let training = pictures[..<count].compactMap { item in item.picture.map { (entry: item.entry, picture: $0) } }.sorted { $0.picture.mean < $1.picture.mean }
        let limit = min(Self.formatLimit, Self.usualDistance(training.map(\.picture)) / Self.usualRatio)
        var pairs: [(training: String, test: String)] = []
        for (entry, picture) in pictures[count...] {
            guard let picture else { continue }
            // The means of two hashes differ by no more than the hashes do.
            var start = 0, end = training.count
            while start < end {
                let middle = (start + end) / 2
                if training[middle].picture.mean < picture.mean - limit { start = middle + 1 } else { end = middle }
            }
            var nearest: (entry: ImageEntry, distance: Double)?
            for other in training[start...] {
                if other.picture.mean > picture.mean + limit { break }
                guard other.picture.digest != picture.digest, let distance = picture.distance(other.picture, limit: limit),
                    distance < nearest?.distance ?? .infinity
                else { continue }
                nearest = (other.entry, distance)
            }
            if let nearest { pairs.append((folder.place(of: nearest.entry), folder.place(of: entry))) }
        }
        guard let first = pairs.first else { return }
        let rest = pairs.count > 1 ? " and \(pairs.count - 1) more pairs" : ""
        warnings.append(
            .init(.lookAlike, "nearly the same picture is in training ('\(first.training)') and test ('\(first.test)')\(rest); take it out of one if it is the same", files: pairs.flatMap { [$0.training, $0.test] }))
    }

    /// The median distance of pictures spread over the training images.
    private static func usualDistance(_ pictures: [Picture]) -> Double {
        let count = min(24, pictures.count)
        let sample = (0..<count).map { pictures[$0 * pictures.count / count] }
        let distances = sample.indices.flatMap { one in sample.indices[(one + 1)...].compactMap { sample[one].distance(sample[$0]) } }.sorted()
        return distances.isEmpty ? 0 : distances[distances.count / 2]
    }
}
