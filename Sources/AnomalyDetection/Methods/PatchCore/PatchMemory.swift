import Torch

/// PatchCore's memory bank, and what it is made of while it is made.
final class PatchMemory: Module {
    /// The bank, half precision `[M, C]`.
    let bank: Buffer
    /// Places among all training patches of the candidates, ascending, int64 `[K]`; empty where all patches are.
    private let places: Buffer
    /// The candidates' features, half precision `[K, C]`.
    private let candidates: Buffer
    /// The same in a random projection, `[K, 128]`.
    private let projections: Buffer
    /// Each candidate's distance from the picks so far, `[K]`.
    private let distances: Buffer
    /// The picks so far, int64 `[M]`.
    let picks: Buffer
    private let width: Int

    /// Numbers of a candidate by which picks are made.
    private static let projectedWidth = 128
    /// Candidates from which the distance of all others is averaged at first.
    private static let starts = 10
    /// Distances that are in memory at once.
    private static let distancesAtOnce = 1 << 24

    init(width: Int) throws(TorchError) {
        self.width = width
        func empty(_ type: Torch.DataType = .float) throws(TorchError) -> Buffer {
            Buffer(try .zeros([0], type: type), isResizable: true)
        }
        bank = try empty(.half)
        places = try empty(.int64)
        candidates = try empty(.half)
        projections = try empty()
        distances = try empty()
        picks = try empty(.int64)
    }

    // MARK: Candidates

    /// Chooses the candidates, evenly among all patches.
    func begin(candidates count: Int, of total: Int, generator: Generator) throws(TorchError) {
        guard count < total else {
            try places.replace(.zeros([0], type: .int64))
            chosen = []
            return try candidates.replace(.zeros([count, width], type: .half, device: bank.tensor.device))
        }
        try begin(places: .randomPermutation(total, generator: generator).narrowed(axis: 0, start: 0, length: count))
    }

    /// Takes as candidates the patches at the given places among all, int64 `[K]`.
    func begin(places given: Tensor) throws(TorchError) {
        try places.replace(given.sorted().values)
        chosen = nil
        try candidates.replace(.zeros([given.count, width], type: .half, device: bank.tensor.device))
    }

    /// Whether there are candidates among the patches of `range`.
    func hasCandidates(among range: Range<Int>) throws(TorchError) -> Bool {
        if chosen == nil { chosen = try places.tensor.elements(Int64.self) }
        guard let chosen, !chosen.isEmpty else { return true }
        return Self.place(of: range.lowerBound, in: chosen) < Self.place(of: range.upperBound, in: chosen)
    }

    /// ``places`` on this side of the device's border; empty: all.
    private var chosen: [Int64]?

    /// Takes the candidates among the patches `[P, C]` that begin at place `first`.
    func gather(_ patches: Tensor, first: Int) throws(TorchError) {
        if chosen == nil { chosen = try places.tensor.elements(Int64.self) }
        guard let chosen, !chosen.isEmpty else {
            try candidates.tensor.narrowed(axis: 0, start: first, length: patches.shape[0]).copy(from: patches)
            return
        }
        let (low, high) = (Self.place(of: first, in: chosen), Self.place(of: first + patches.shape[0], in: chosen))
        guard low < high else { return }
        let own = try Tensor(chosen[low..<high].map { $0 - Int64(first) }).to(patches.device)
        try candidates.tensor.narrowed(axis: 0, start: low, length: high - low).copy(from: patches.selecting(own))
    }

    /// The first index whose value is not below `value`.
    private static func place(of value: Int, in sorted: [Int64]) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < Int64(value) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: The coreset

    /// Projects the candidates and measures each one's mean distance from a few drawn ones.
    func beginPicking(_ count: Int, generator: Generator) throws(TorchError) {
        guard count < candidates.tensor.shape[0] else {
            // All are picked: nothing needs to be measured.
            return try picks.replace(Tensor((0..<count).map { Int64($0) }).to(bank.tensor.device))
        }
        let features = try candidates.tensor.to(.float)
        let device = features.device
        // A linear layer without bias, as PyTorch begins it.
        let projection = try Tensor.zeros([width, Self.projectedWidth], device: device)
        let bound = 1 / Double(width).squareRoot()
        try projection.fillUniform(-bound...bound, generator: generator)
        let projected = try withoutAutocast { () throws(TorchError) in try features.multipliedMatrix(projection) }
        let total = features.shape[0]
        let starts = try Tensor.randomPermutation(total, generator: generator)
            .narrowed(axis: 0, start: 0, length: min(Self.starts, total)).to(device)
        try beginPicking(count, projections: projected, starts: starts)
    }

    /// The same with a given projection `[K, P]` of the candidates, and given places of the first ones (int64).
    func beginPicking(_ count: Int, projections given: Tensor, starts first: Tensor) throws(TorchError) {
        let (total, device) = (given.shape[0], given.device)
        try projections.replace(given)
        var sum = try Tensor.zeros([total], device: device)
        for index in 0..<first.shape[0] {
            sum = try sum + distances(from: first.narrowed(axis: 0, start: index, length: 1))
        }
        try distances.replace(sum / Double(first.shape[0]))
        try picks.replace(.zeros([count], type: .int64, device: device))
    }

    /// Makes the picks of `range`: each the candidate that is farthest from those before it.
    func pick(_ range: Range<Int>) throws(TorchError) {
        guard picks.tensor.count < candidates.tensor.shape[0] else { return }
        for index in range {
            let farthest = try distances.tensor.reshaped([1, -1]).maximum(axis: 1).indices
            try picks.tensor.narrowed(axis: 0, start: index, length: 1).copy(from: farthest)
            try distances.tensor.copy(from: distances.tensor.smaller(distances(from: farthest)))
        }
    }

    /// The distance of every candidate from the one that `index` (int64 `[1]`) names, `[K]`.
    private func distances(from index: Tensor) throws(TorchError) -> Tensor {
        let all = projections.tensor
        return try (all - all.selecting(index)).squared().sum(axes: [1]).squareRoot()
    }

    /// Keeps the picks as the bank and forgets everything else.
    func finish() throws(TorchError) {
        try bank.replace(candidates.tensor.selecting(picks.tensor))
        for buffer in [candidates, projections, distances] { try buffer.replace(.zeros([0])) }
        for buffer in [places, picks] { try buffer.replace(.zeros([0], type: .int64)) }
    }

    /// Distances are differences of large products: bfloat16 would leave little of them.
    private func withoutAutocast<Result>(_ body: () throws(TorchError) -> Result) throws(TorchError) -> Result {
        do { return try Tensor.withAutocast(false, on: bank.tensor.device, body) } catch {
            throw error as? TorchError ?? TorchError("\(error)")
        }
    }

    // MARK: Neighbours

    /// What is found for patches `[P, C]`.
    struct Nearest {
        /// Squared Euclidean distances from the nearest in the bank, `[P]`.
        let distances: Tensor
        /// Its place in the bank, int64 `[P]`.
        let indices: Tensor
    }

    /// The nearest in the bank of patches `[P, C]`, exactly.
    func nearest(_ patches: Tensor) throws(TorchError) -> Nearest {
        guard bank.tensor.shape.count == 2, bank.tensor.shape[0] > 0 else { throw TorchError("the memory bank is empty") }
        // What distances are computed in: converted once for all blocks.
        let entries = try bank.tensor.to(.double)
        let block = max(256, Self.distancesAtOnce / entries.shape[0])
        var (values, indices): ([Tensor], [Tensor]) = ([], [])
        var start = 0
        while start < patches.shape[0] {
            let length = min(block, patches.shape[0] - start)
            let found = try patches.narrowed(axis: 0, start: start, length: length).squaredDistances(to: entries).minimum(axis: 1)
            values.append(found.values)
            indices.append(found.indices)
            start += length
        }
        return Nearest(distances: try .concatenated(values), indices: try .concatenated(indices))
    }
}
