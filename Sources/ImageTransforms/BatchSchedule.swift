import Foundation

/// Which thread makes which image, which batches are ready and whose memory is free. Everything is guarded by one lock,
/// which is held for a few instructions an image.
final class BatchSchedule: @unchecked Sendable {
    /// One image to be made.
    struct Claim {
        let batch: InputBatch
        /// Its place in the batch.
        let item: Int
        let epoch: Int
        let index: Int
        let occurrence: Int
        /// The image before it in the order of the epoch; `nil` for the first.
        let previous: Int?
    }

    private let condition = NSCondition()
    private let batches: [InputBatch]
    private let batchSize: Int
    private let keepsShortBatch: Bool
    /// Images made of the batch in each memory, and what went wrong first.
    private var finished: [Int]
    private var failures: [(item: Int, error: any Error)?]

    private var epoch = 0
    private var order: [Int] = []
    private var occurrences: [Int32] = []
    private var batchCount = 0
    /// The next image to be claimed.
    private var claimedBatch = 0
    private var claimedItem = 0
    /// The batch that is to be handed out next, and the first whose memory is not free again.
    private var handedOut = 0
    private var held = 0

    private var working = 0
    private var threads: Int
    private var isStopped = false

    init(batches: [InputBatch], batchSize: Int, keepsShortBatch: Bool, threads: Int) {
        self.batches = batches
        self.batchSize = batchSize
        self.keepsShortBatch = keepsShortBatch
        self.threads = threads
        finished = Array(repeating: 0, count: batches.count)
        failures = Array(repeating: nil, count: batches.count)
    }

    func batchCount(images: Int) -> Int { (images + (keepsShortBatch ? batchSize - 1 : 0)) / batchSize }

    // MARK: Called by the owner of the pipeline.

    func begin(epoch: Int, order: [Int], batch: Int) {
        var seen: [Int: Int32] = [:]
        let occurrences = order.map { index in
            defer { seen[index, default: 0] += 1 }
            return seen[index, default: 0]
        }
        condition.lock()
        defer { condition.unlock() }
        abandon()
        // The memory is free once nobody writes to it any more.
        while working > 0 { condition.wait() }
        self.epoch = epoch
        self.order = order
        self.occurrences = occurrences
        batchCount = batchCount(images: order.count)
        (claimedBatch, claimedItem, handedOut, held) = (batch, 0, batch, batch)
        for slot in batches.indices { (finished[slot], failures[slot]) = (0, nil) }
        condition.broadcast()
    }

    func next() throws -> InputBatch? {
        condition.lock()
        defer { condition.unlock() }
        if held < handedOut {
            finished[held % batches.count] = 0
            held = handedOut
            condition.broadcast()
        }
        guard handedOut < batchCount else { return nil }
        let slot = handedOut % batches.count
        while !(claimedBatch > handedOut && finished[slot] == batches[slot].positions.count) { condition.wait() }
        if let failure = failures[slot] {
            abandon()
            throw failure.error
        }
        handedOut += 1
        return batches[slot]
    }

    /// Tells the threads to stop and waits until they have.
    func stop() {
        condition.lock()
        defer { condition.unlock() }
        isStopped = true
        condition.broadcast()
        while threads > 0 { condition.wait() }
    }

    /// Makes nothing more of this epoch.
    private func abandon() { (batchCount, claimedBatch, claimedItem, handedOut, held) = (0, 0, 0, 0, 0) }

    // MARK: Called by the threads.

    /// The next image to make, for which it waits; `nil` when the thread is to end.
    func claim() -> Claim? {
        condition.lock()
        defer { condition.unlock() }
        while !isStopped {
            if claimedBatch < batchCount, claimedBatch < held + batches.count { return claimed() }
            condition.wait()
        }
        return nil
    }

    private func claimed() -> Claim {
        let batch = batches[claimedBatch % batches.count]
        if claimedItem == 0 {
            batch.number = claimedBatch
            let start = claimedBatch * batchSize
            batch.positions = start..<min(order.count, start + batchSize)
        }
        let (item, position) = (claimedItem, batch.positions.lowerBound + claimedItem)
        claimedItem += 1
        if claimedItem == batch.positions.count { (claimedBatch, claimedItem) = (claimedBatch + 1, 0) }
        working += 1
        return Claim(
            batch: batch, item: item, epoch: epoch, index: order[position], occurrence: Int(occurrences[position]),
            previous: position == 0 ? nil : order[position - 1])
    }

    func finish(_ claim: Claim, _ result: Result<Void, any Error>) {
        condition.lock()
        defer { condition.unlock() }
        working -= 1
        let slot = claim.batch.number % batches.count
        finished[slot] += 1
        if case .failure(let error) = result, claim.item < failures[slot]?.item ?? .max {
            failures[slot] = (claim.item, error)
        }
        if finished[slot] == claim.batch.positions.count || working == 0 { condition.broadcast() }
    }

    /// The thread ends.
    func leave() {
        condition.lock()
        defer { condition.unlock() }
        threads -= 1
        condition.broadcast()
    }
}
