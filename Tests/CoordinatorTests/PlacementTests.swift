import Catalogue
import Foundation
import Sweep
import Testing
import Wire

@testable import Coordinator

/// Which worker is given which job, asked of every database that can keep a store.
@Suite struct PlacementTests {
    typealias Kind = StoreConformanceTests.Kind

    private static func sweep(_ name: String, seeds: Int, _ more: String = "", epochs: Int = 2) -> String {
        "sweep: \(name)\nfixed: {epochs: \(epochs)}\nmatrix: {method: ae, dataset: brain, seed: \"range(0, \(seeds))\"}\n\(more)\n"
    }

    // MARK: Resources

    @Test(arguments: Kind.allCases) func jobsAreGivenAsFarAsTheyFit(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("s", seeds: 10, "requires: {threads: 2, memory: 3GiB}"))
        let worker = WorkerDescription.sample(threads: 7, memory: 64 << 30)
        let given = try await test.lease(to: worker)
        #expect(given.count == 3 && given.allSatisfy { $0.lease.resources.threads == 2 && $0.lease.resources.memory == 3 << 30 })
        let narrow = WorkerResources(threads: 16, memory: 7 << 30)
        #expect(try await test.lease(to: worker, free: narrow).count == 2)
        #expect(try await test.lease(to: worker, free: WorkerResources(threads: 1, memory: 64 << 30)).isEmpty)
        // Of GPUs, each for itself.
        try await test.submit(Self.sweep("t", seeds: 10, "requires: {device: cuda, gpu_memory: 3GiB}\npriority: 5", epochs: 3))
        #expect(try await test.lease(to: worker, free: WorkerResources(threads: 2, memory: 64 << 30)).map { $0.job.configuration["epochs"] } == [2])
        let graphics = WorkerDescription.sample("g", gpus: [4 << 30, 7 << 30])
        #expect(try await test.lease(3, to: graphics).map(\.lease.resources.gpuMemory) == Array(repeating: 3 << 30, count: 3))
    }

    /// The method's own demand counts where the sweep says nothing.
    @Test(arguments: Kind.allCases) func methodsAskForWhatTheyNeed(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit("sweep: s\nmatrix: {method: ae, dataset: brain, seed: 0, batch_size: [8192, 64]}\nfixed: {input_size: 128}")
        let usual = try await test.jobs().map { JobResources.usual(of: $0.job).memory }
        #expect(usual[0] > usual[1])
        let small = WorkerDescription.sample(threads: 4, memory: usual[0] - 1)
        let given = try await test.lease(to: small)
        #expect(given.map { $0.job.configuration["batch_size"] } == [64] && given[0].lease.resources.memory == usual[1])
        let large = try await test.lease(to: .sample("large"))
        #expect(large.map { $0.job.configuration["batch_size"] } == [8192] && large[0].lease.resources.memory == usual[0])
    }

    /// Smaller jobs may go before one that does not fit now, but not for ever, and not at a worker that it never fits.
    @Test(arguments: Kind.allCases) func largeJobsDoNotStarve(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("large", seeds: 1, "requires: {threads: 4}"))
        try await test.submit(Self.sweep("small", seeds: 40, "requires: {threads: 1}", epochs: 3))
        let worker = WorkerDescription.sample(threads: 4, memory: 64 << 30)
        let narrow = WorkerDescription.sample("narrow", threads: 2, memory: 64 << 30)
        func rest(_ threads: Int) -> WorkerResources { WorkerResources(threads: threads, memory: 64 << 30) }
        // Something holds one of four threads all the time.
        var overtakers = 0
        for round in 0..<20 {
            let given = try await test.lease(to: worker, free: rest(1), now: Double(round))
            #expect(given.count <= 1)
            overtakers += given.count
        }
        #expect(overtakers == Overtaking.limit)
        #expect(try await test.lease(1, to: narrow, now: 20).count == 1)
        // What is more urgent still goes, and once there is room the large job does.
        try await test.submit(Self.sweep("urgent", seeds: 1, "requires: {threads: 1}\npriority: 1", epochs: 4))
        #expect(try await test.lease(to: worker, free: rest(3), now: 21).map { $0.job.configuration["epochs"] } == [4])
        #expect(try await test.lease(to: worker, free: rest(4), now: 22).map(\.lease.resources.threads) == [4])
        #expect(try await test.lease(to: worker, free: rest(2), now: 23).count == 2)
    }

    /// Not in one go either, however much room there is.
    @Test(arguments: Kind.allCases) func fewGoBeforeALargeJobAtOnce(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("large", seeds: 1, "requires: {threads: 40}"))
        try await test.submit(Self.sweep("small", seeds: 60, "", epochs: 3))
        let worker = WorkerDescription.sample(threads: 40)
        #expect(try await test.lease(to: worker, free: WorkerResources(threads: 39, memory: 1 << 40)).count == Overtaking.limit)
        // Who wants nothing, or is paused, takes nothing from the others.
        let (none, isMoreLeft) = try await test.store.lease(to: worker, free: worker.resources, limit: 0, now: 1, duration: 30)
        #expect(none.isEmpty && isMoreLeft)
        #expect(try await test.lease(1, to: worker).map(\.lease.resources.threads) == [40])
    }

    /// A reservation for a job that cannot be given out anyway keeps nobody from work.
    @Test(arguments: Kind.allCases) func pausedJobsReserveNothing(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("large", seeds: 1, "requires: {threads: 4}"))
        try await test.submit(Self.sweep("small", seeds: 40, "", epochs: 3))
        let worker = WorkerDescription.sample(threads: 4, memory: 64 << 30)
        let rest = WorkerResources(threads: 1, memory: 64 << 30)
        for round in 0..<9 { _ = try await test.lease(to: worker, free: rest, now: Double(round)) }
        #expect(try await test.lease(to: worker, free: rest, now: 9).isEmpty)
        _ = try await test.control(.pause, sweep: "large")
        #expect(try await test.lease(to: worker, free: rest, now: 10).count == 1)
    }

    /// What no worker can hold is said with both numbers.
    @Test(arguments: Kind.allCases) func whatNobodyOffersIsTold(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        let now = Date().timeIntervalSince1970
        try await test.submit(Self.sweep("memory", seeds: 2, "requires: {memory: 48GiB}"), now: now)
        try await test.submit(Self.sweep("threads", seeds: 2, "requires: {threads: 96}", epochs: 3), now: now)
        try await test.submit(Self.sweep("card", seeds: 2, "requires: {device: cuda, gpu_memory: 80GiB}", epochs: 4), now: now)
        try await test.submit(Self.sweep("tag", seeds: 2, "requires: {tags: [fast]}", epochs: 5), now: now)
        try await test.submit(Self.sweep("fits", seeds: 2, "", epochs: 6), now: now)
        #expect(try await test.store.sweep("memory").obstacles == nil, "nobody is there to say")
        for (name, memory, gpus) in [("a", 16, []), ("b", 32, [24]), ("c", 8, [40, 16])] as [(String, Int64, [Int64])] {
            let worker = WorkerDescription.sample(name, threads: 8, memory: memory << 30, gpus: gpus.map { $0 << 30 })
            _ = try await test.store.lease(to: worker, free: .init(threads: 0, memory: 0), limit: 1, now: now, duration: 30)
        }
        let sentences = [
            "memory": "48 GiB of memory are asked for, and the most that a worker offers is 32 GiB",
            "threads": "96 threads are asked for, and the most that a worker offers is 8",
            "card": "80 GiB of GPU memory are asked for, and the most that a worker offers is 40 GiB",
            "tag": "no worker has the tag 'fast'",
        ]
        for (name, sentence) in sentences {
            #expect(try await test.store.sweep(name).obstacles == [.init(jobs: 2, reason: sentence)])
            #expect(try await test.reasons(try await test.jobs(name)[0].identity, now: now).hasPrefix(sentence))
        }
        #expect(try await test.store.sweep("fits").obstacles == nil)
    }

    // MARK: Engine classes

    /// A checkpoint waits a while for a worker of its platform, and then goes to any.
    @Test(arguments: Kind.allCases) func checkpointsPreferTheirPlatform(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("s", seeds: 1))
        let graphics = WorkerDescription.sample("g", gpus: [80 << 30])
        let first = try await test.lease(to: graphics, now: 0)[0]
        try await test.checkpoint(first, work: 5, engine: .graphics)
        try await test.release(first, now: 10)
        // The GPU's worker was heard of 20 seconds ago, and then for too long not.
        #expect(try await test.lease(now: 20).isEmpty)
        let other = try await test.lease(now: 101)
        #expect(other.map(\.lease.checkpoint?.engine) == [.graphics])
        // The same while that one is there all the time: ten minutes.
        try await test.release(other[0], now: 110)
        for now in stride(from: 120.0, to: 700, by: 60) {
            _ = try await test.store.lease(to: graphics, free: .init(threads: 0, memory: 0), limit: 1, now: now, duration: 30)
            #expect(try await test.lease(now: now + 1).isEmpty, "\(now)")
        }
        #expect(try await test.lease(now: 711).count == 1)
    }

    /// Under `exact: true` it goes nowhere else, unless it is started anew.
    @Test(arguments: Kind.allCases) func exactSweepsStayOnTheirPlatform(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("s", seeds: 1, "exact: true"))
        let graphics = WorkerDescription.sample("g", gpus: [80 << 30])
        let first = try await test.lease(to: graphics, now: 0)[0]
        try await test.checkpoint(first, work: 5, engine: .graphics)
        try await test.release(first, now: 10)
        #expect(try await test.lease(now: 1e6).isEmpty)
        let reasons = try await test.reasons(first.identity, now: 1e6)
        #expect(reasons.contains("it goes on only on cuda NVIDIA H200, libtorch 2.13.0") && reasons.contains("`exact: true`"), "\(reasons)")
        // Whoever looks at the sweep is told as well, as soon as there is another worker.
        let now = Date().timeIntervalSince1970
        #expect(try await test.lease(now: now).isEmpty)
        let obstacle = "their checkpoints are of \(EngineClass.Platform.graphics), and under `exact: true` they go on nowhere else"
        #expect(try await test.store.sweep("s").obstacles == [.init(jobs: 1, reason: obstacle)])
        let back = try await test.lease(to: graphics, now: now + 1)
        #expect(back.map(\.lease.checkpoint?.work) == [5])
        try await test.release(back[0], now: now + 2)
        // While such a worker is there, there is nothing to be sent back.
        #expect(try await test.control(.retry, job: first.identity, now: now + 3) == 0)
        #expect(try await test.control(.retry, job: first.identity, now: now + 1e6) == 1)
        #expect(try await test.lease(now: now + 1e6 + 1).map { $0.lease.checkpoint == nil } == [true])
    }

    /// Tables know where results come from.
    @Test(arguments: Kind.allCases) func resultsKeepTheirEngine(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("s", seeds: 3))
        let given = try await test.lease(2)
        try await test.finish(given[0], engine: .processor)
        try await test.finish(given[1], engine: .graphics)
        let rows = try await test.store.resultRows(sweep: "s")
        #expect(rows.map(\.engine) == [.processor, .graphics, nil])
        #expect(ResultColumns(rows).rows.map(\.engine) == [.processor, .graphics, nil])
        #expect(DashboardTable(ResultTable(rows), metric: "auc").lines[0].cells["brain"]?.isMixed == true)
        #expect(try await test.store.job(given[1].identity).result?.engine == .graphics)
    }

    /// A worker that is busy for long asks for nothing, and is there all the same.
    @Test(arguments: Kind.allCases) func heartbeatsAreSignsOfLife(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("s", seeds: 1))
        let given = try await test.lease(now: 0)[0]
        for now in stride(from: 5.0, through: 500, by: 5) {
            _ = try await test.store.heartbeat(
                given.identity, HeartbeatRequest(token: 1, progress: .sample(epoch: 3)), now: now, duration: 30)
        }
        #expect(try await test.store.workers().map { $0.seen >= 490 } == [true])
        #expect(try await test.store.sweep("s").progress == 0.5)
        #expect(try await test.reasons(given.identity).contains("training: epoch 3 of 6"))
    }

    // MARK: Memory

    @Test(arguments: Kind.allCases) func withoutMemoryAnotherWorkerTries(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("s", seeds: 1, "retry: {backoff: 1s..1s}"))
        let first = try await test.lease(to: .sample("a"), now: 0)[0]
        _ = try await test.lease(to: .sample("b"), now: 0)
        #expect(try await test.fail(first, .outOfMemory, now: 1).state == .pending)
        try await test.store.expire(now: 5)
        #expect(try await test.lease(to: .sample("a"), now: 5).isEmpty)
        let second = try await test.lease(to: .sample("b"), now: 5)
        try #require(second.map(\.identity) == [first.identity])
        try await test.fail(second[0], .outOfMemory, now: 6)
        // Alone, it is given it again.
        try await test.store.expire(now: 200)
        #expect(try await test.lease(to: .sample("b"), now: 200).count == 1)
    }

    @Test(arguments: Kind.allCases) func withoutMemoryBatchesAreMadeSmaller(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        let source = """
            sweep: s
            matrix: {method: [ae, ae-grad, dae], dataset: brain, seed: 0}
            set: [{when: {method: [ae, ae-grad]}, to: {batch_size: 7}}]
            retry: {on_out_of_memory: {batch_size: /2}, max_attempts: 1}
            """
        try await test.submit(source)
        let before = try await test.jobs()
        let given = try await test.lease(1)[0]
        #expect(given.job.method == "ae")
        #expect(try await test.fail(given, .outOfMemory).state == .cancelled)
        #expect(try await test.fail(given, .outOfMemory).state == .cancelled, "a replay gets the same answer")
        // Both that share the training are replaced, in their places.
        let after = try await test.jobs()
        #expect(after.map(\.position) == [0, 1, 2] && after.map(\.state) == [.pending, .pending, .pending])
        #expect(after.map { $0.job.configuration["batch_size"] } == [3, 3, before[2].job.configuration["batch_size"]])
        #expect(after[0].identity == after[0].job.identity && after[0].identity != before[0].identity && after[2].identity == before[2].identity)
        #expect(try await test.states() == [.pending: 3])
        let events = try await test.store.events(after: 0, limit: 100, sweep: nil, job: given.identity).events
        #expect(events.contains { $0.what == "replaced by \(after[0].identity.prefix(12)) since it ran out of memory with batch_size 7" })
        #expect(try await test.store.job(given.identity).sweeps.isEmpty)
        #expect(try await test.reasons(given.identity).contains(after[0].identity.prefix(12)))
        let beat = HeartbeatRequest(token: 1, progress: nil)
        #expect(try await test.store.heartbeat(given.identity, beat, now: 3, duration: 30) == .cancel)

        // Asked for again, the sweep keeps the smaller ones.
        #expect(try await test.submit(source).total == 3)
        #expect(try await test.jobs().map(\.identity) == after.map(\.identity))
        // Again, and then no more.
        let smaller = try await test.lease(1, now: 4)[0]
        #expect(smaller.identity == after[0].identity)
        #expect(try await test.fail(smaller, .outOfMemory, now: 5).state == .cancelled)
        let smallest = try await test.lease(1, now: 6)[0]
        #expect(smallest.job.configuration["batch_size"] == 2)
        #expect(try await test.fail(smallest, .outOfMemory, now: 7).state == .quarantined)
        #expect(try await test.states() == [.quarantined: 2, .pending: 1])
    }

    /// A sweep that wants no other job keeps the one it has.
    @Test(arguments: Kind.allCases) func otherSweepsKeepTheirJob(_ kind: Kind) async throws {
        let test = try StoreUnderTest(kind)
        try await test.submit(Self.sweep("s", seeds: 1, "retry: {on_out_of_memory: {batch_size: /2}}"))
        try await test.submit(Self.sweep("t", seeds: 1, "retry: {max_attempts: 2, backoff: 1s..1s}"))
        let given = try await test.lease()[0]
        #expect(try await test.fail(given, .outOfMemory).state == .pending)
        #expect(try await test.jobs("t").map(\.identity) == [given.identity])
        #expect(try await test.jobs("s").map { $0.job.configuration["batch_size"] } == [32])
        #expect(try await test.states("s") == [.pending: 1])
        #expect(try await test.states("t") == [.pending: 1])
        #expect(try await test.lease(now: 10).count == 2)
    }
}
