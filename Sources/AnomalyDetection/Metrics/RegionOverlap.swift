/// The curve of the masks' mean region overlap against the false positive rate, and the area under its beginning.
struct RegionOverlap {
    private let weights: [Double]
    private let normals: Double
    private let limit: Double
    private var rate = 0.0
    private var overlap = 0.0
    private var alarms = 0
    private var sum = 0.0

    /// - Parameters:
    ///   - sizes: pixels of each region.
    ///   - normals: normal pixels in all.
    ///   - limit: the false positive rate at which the area ends.
    init(sizes: [Int], normals: Int, limit: Double) {
        weights = sizes.map { 1 / (Double($0) * Double(sizes.count)) }
        self.normals = Double(normals)
        self.limit = limit
    }

    /// Lowers the threshold by one step: so many normal pixels more are above it, and these abnormal ones, each with its
    /// region in the lower half.
    mutating func add(normals count: Int, regions: some Sequence<UInt64>) {
        guard rate < limit else { return }
        var higher = overlap
        for pixel in regions { higher += weights[Int(UInt32(truncatingIfNeeded: pixel))] }
        alarms += count
        var next = Double(alarms) / normals
        if next > limit {
            higher = overlap + (higher - overlap) * (limit - rate) / (next - rate)
            next = limit
        }
        sum += (next - rate) * (overlap + higher) / 2
        (rate, overlap) = (next, higher)
    }

    /// The area so far, as a share of the most that it could be.
    var area: Double { sum / limit }
}
