/// Ranks from 1 in rising order; equal values share the mean of theirs (midranks).
struct Ranks {
    let values: [Double]
    /// The sum of t³ - t over groups of t equal values.
    let ties: Double

    init(_ sample: [Double]) {
        let order = sample.indices.sorted { sample[$0] < sample[$1] }
        var ranks = [Double](repeating: 0, count: sample.count)
        var ties = 0.0
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, sample[order[end]] == sample[order[start]] { end += 1 }
            for index in order[start..<end] { ranks[index] = Double(start + end + 1) / 2 }
            let size = Double(end - start)
            ties += size * size * size - size
            start = end
        }
        values = ranks
        self.ties = ties
    }
}
