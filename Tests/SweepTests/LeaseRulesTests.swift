import Catalogue
import TestSupport
import Testing

@testable import Sweep

/// The rules of leases, one transition at a time and then in a long random walk.
struct LeaseRulesTests {
    private let retry: SweepPolicy.RetryPolicy = {
        var retry = SweepPolicy.RetryPolicy()
        (retry.maxAttempts, retry.backoffMinimum, retry.backoffMaximum) = (3, 10, 30)
        return retry
    }()

    private let engine = EngineClass(
        platform: .init(device: "cpu", libtorch: "2.13.0", kernels: "avx512"), precision: .float32, threads: 1)

    private func leased(at now: Double = 0) -> JobRecord {
        var job = JobRecord()
        #expect(LeaseRules.standard.lease(&job, to: "a", instance: "a", now: now, duration: 30) == 1)
        return job
    }

    @Test func aLeasedJobIsNotLeasedAgain() {
        var job = leased()
        #expect(job.state == .leased && job.hold == .init(worker: "a", instance: "a", expires: 30))
        #expect(LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 1, duration: 30) == nil)
    }

    @Test func heartbeatsProlong() throws {
        var job = leased()
        #expect(try LeaseRules.standard.heartbeat(&job, token: 1, worker: "a", instance: "a", now: 20, duration: 30) == .continue)
        #expect(job.hold?.expires == 50)
        #expect(throws: LeaseRules.Refusal.unknownToken) {
            try LeaseRules.standard.heartbeat(&job, token: 2, worker: "a", instance: "a", now: 21, duration: 30)
        }
    }

    @Test func expiryReturnsTheJobAndFencesItsOldHolder() throws {
        var job = leased()
        #expect(LeaseRules.standard.expire(&job, retry: retry, now: 29) == false)
        #expect(LeaseRules.standard.expire(&job, retry: retry, now: 30))
        #expect(job.state == .pending)
        #expect(job.lostLeases == 1)
        #expect(job.failedAttempts == 0)
        #expect(LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 30, duration: 30) == 2)
        for check in 0..<4 {
            #expect(throws: LeaseRules.Refusal.staleToken(current: 2)) {
                switch check {
                case 0: _ = try LeaseRules.standard.heartbeat(&job, token: 1, worker: "a", instance: "a", now: 31, duration: 30)
                case 1: try LeaseRules.standard.checkpoint(&job, token: 1, checkpoint: .init(sha256: "c", work: 9, engine: engine))
                case 2: _ = try LeaseRules.standard.fail(&job, token: 1, retry: retry, now: 31, jitter: 0)
                default: try LeaseRules.standard.release(&job, token: 1)
                }
            }
        }
        #expect(job.state == .leased && job.checkpoint == nil)
    }

    @Test func aLateHolderKeepsAJobThatNobodyTook() throws {
        var job = leased()
        _ = LeaseRules.standard.expire(&job, retry: retry, now: 40)
        #expect(try LeaseRules.standard.heartbeat(&job, token: 1, worker: "a", instance: "a", now: 41, duration: 30) == .continue)
        #expect(job.state == .leased && job.token == 1)
    }

    @Test func resultsAreTakenOnceAndReplaysAreKnown() throws {
        var job = leased()
        #expect(try LeaseRules.standard.complete(&job, token: 1) == .recorded(late: false))
        #expect(try LeaseRules.standard.complete(&job, token: 1) == .alreadyRecorded(superseded: false))
        #expect(job.state == .done && job.resultToken == 1)
        #expect(try LeaseRules.standard.heartbeat(&job, token: 1, worker: "a", instance: "a", now: 1, duration: 30) == .cancel)
    }

    @Test func aLateResultIsTakenAndTheNewerLeaseCancelled() throws {
        var job = leased()
        _ = LeaseRules.standard.expire(&job, retry: retry, now: 30)
        _ = LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 30, duration: 30)
        #expect(try LeaseRules.standard.complete(&job, token: 1) == .recorded(late: true))
        #expect(try LeaseRules.standard.heartbeat(&job, token: 2, worker: "b", instance: "b", now: 31, duration: 30) == .cancel)
        #expect(try LeaseRules.standard.complete(&job, token: 2) == .alreadyRecorded(superseded: true))
        #expect(job.resultToken == 1)
    }

    @Test func failuresBackOffAndEndInQuarantine() throws {
        var job = leased()
        #expect(try LeaseRules.standard.fail(&job, token: 1, retry: retry, now: 5, jitter: 0) == .retried(after: 5))
        #expect(try LeaseRules.standard.fail(&job, token: 1, retry: retry, now: 6, jitter: 0) == .replayed)
        #expect(LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 9, duration: 30) == nil)
        #expect(LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 10, duration: 30) == 2)
        #expect(try LeaseRules.standard.fail(&job, token: 2, retry: retry, now: 20, jitter: 0.5) == .retried(after: 15))
        #expect(LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 35, duration: 30) == 3)
        #expect(try LeaseRules.standard.fail(&job, token: 3, retry: retry, now: 36, jitter: 0) == .quarantined)
        #expect(LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 1000, duration: 30) == nil)
        // Even then a complete result is not thrown away.
        #expect(try LeaseRules.standard.complete(&job, token: 2) == .recorded(late: true))
    }

    /// Twice as long from failure to failure, up to a most; chance makes it up to half as long.
    @Test(arguments: [(0.0, [5.0, 10, 15, 15]), (1.0, [10, 20, 30, 30])])
    func backoffIsBounded(_ jitter: Double, _ first: [Double]) throws {
        var many = retry
        many.maxAttempts = 100
        var job = JobRecord()
        var waits: [Double] = []
        for _ in 0..<99 {
            let now = job.notBefore
            let token = try #require(LeaseRules.standard.lease(&job, to: "a", instance: "a", now: now, duration: 1))
            guard case .retried(let wait) = try LeaseRules.standard.fail(&job, token: token, retry: many, now: now, jitter: jitter) else { continue }
            #expect(job.notBefore == now + wait)
            waits.append(wait)
        }
        #expect(waits.count == 99)
        #expect(Array(waits.prefix(4)) == first)
        #expect(waits.dropFirst(4).allSatisfy { $0 == first[3] })
        let token = try #require(LeaseRules.standard.lease(&job, to: "a", instance: "a", now: job.notBefore, duration: 1))
        #expect(try LeaseRules.standard.fail(&job, token: token, retry: many, now: job.notBefore, jitter: jitter) == .quarantined)
    }

    /// A machine that is lost is no failure of the job; a report that comes late all the same makes it one.
    @Test func lostLeasesHaveALimitOfTheirOwn() throws {
        var many = retry
        many.maxLost = 3
        var job = JobRecord()
        for round in 1...3 {
            #expect(LeaseRules.standard.lease(&job, to: "a", instance: "a", now: 100 * Double(round), duration: 30) != nil)
            #expect(LeaseRules.standard.expire(&job, retry: many, now: 100 * Double(round) + 30))
            #expect(job.lostLeases == round)
            #expect(job.state == (round == 3 ? .quarantined : .pending))
        }
        #expect(job.failedAttempts == 0)
        #expect(LeaseRules.standard.retry(&job, now: 400))
        #expect(job.lostLeases == 0)
        let token = try #require(LeaseRules.standard.lease(&job, to: "a", instance: "a", now: 400, duration: 30))
        _ = LeaseRules.standard.expire(&job, retry: many, now: 430)
        _ = try LeaseRules.standard.fail(&job, token: token, retry: many, now: 431, jitter: 0)
        #expect(job.lostLeases == 0)
        #expect(job.failedAttempts == 1)
    }

    @Test func handingBackIsNoFailure() throws {
        var job = leased()
        try LeaseRules.standard.checkpoint(&job, token: 1, checkpoint: .init(sha256: "c", work: 4, engine: engine))
        try LeaseRules.standard.release(&job, token: 1)
        try LeaseRules.standard.release(&job, token: 1)
        #expect(job.state == .pending && job.failedAttempts == 0 && job.checkpoint?.work == 4)
        #expect(throws: LeaseRules.Refusal.staleToken(current: 1)) {
            try LeaseRules.standard.heartbeat(&job, token: 1, worker: "a", instance: "a", now: 1, duration: 30)
        }
        // An older checkpoint never replaces a newer one.
        #expect(LeaseRules.standard.lease(&job, to: "b", instance: "b", now: 1, duration: 30) == 2)
        try LeaseRules.standard.checkpoint(&job, token: 2, checkpoint: .init(sha256: "d", work: 3, engine: engine))
        #expect(job.checkpoint?.sha256 == "c")
    }

    /// Whatever comes in whatever order: tokens only grow, one result is recorded, and done stays done.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func randomWalk(_ seed: UInt64) throws {
        var random = SplitMix(seed)
        var many = retry
        many.maxAttempts = 50
        for _ in 0..<100 {
            var job = JobRecord()
            var (now, recorded, highest) = (0.0, 0, Int64(0))
            for _ in 0..<50 {
                now += Double.random(in: 0...20, using: &random)
                let token = Int64.random(in: 0...max(1, job.token + 1), using: &random)
                let before = job
                switch Int.random(in: 0..<7, using: &random) {
                case 0: _ = LeaseRules.standard.lease(&job, to: "w", instance: "w", now: now, duration: 30)
                case 1: _ = try? LeaseRules.standard.heartbeat(&job, token: token, worker: "w", instance: "w", now: now, duration: 30)
                case 2: try? LeaseRules.standard.checkpoint(&job, token: token, checkpoint: .init(sha256: "c", work: Int(now), engine: engine))
                case 3: _ = try? LeaseRules.standard.fail(&job, token: token, retry: many, now: now, jitter: 0.5)
                case 4: try? LeaseRules.standard.release(&job, token: token)
                case 5: _ = LeaseRules.standard.expire(&job, retry: many, now: now)
                default:
                    if Int.random(in: 0..<8, using: &random) == 0,
                        case .recorded = try? LeaseRules.standard.complete(&job, token: token) { recorded += 1 }
                }
                #expect(job.token >= highest)
                highest = job.token
                #expect(recorded <= 1)
                #expect(before.state != .done || job.state == .done)
                #expect((job.state == .leased) == (job.hold != nil))
                #expect((job.checkpoint?.work ?? 0) >= (before.checkpoint?.work ?? 0))
                #expect(job.state != .leased || job.token > 0)
            }
        }
    }

    // MARK: Trainings

    @Test func whoWaitsForATrainingIsNotLeased() {
        var job = JobRecord(isAwaitingTraining: true)
        #expect(LeaseRules.standard.lease(&job, to: "a", instance: "a", now: 0, duration: 30) == nil)
        LeaseRules.standard.promote(&job, checkpoint: .init(sha256: "c", work: 4, engine: engine))
        #expect(LeaseRules.standard.lease(&job, to: "a", instance: "a", now: 0, duration: 30) == 1 && job.checkpoint?.work == 4)
        // A wait is no backoff that could be cut short.
        var waiting = JobRecord(isAwaitingTraining: true)
        #expect(!LeaseRules.standard.retry(&waiting, now: 0))
    }

    /// Its checkpoint goes to the next, and whoever held it cannot come back to it: two would train the same.
    @Test func aTrainerThatGivesWayIsFenced() throws {
        var job = leased()
        try LeaseRules.standard.checkpoint(&job, token: 1, checkpoint: .init(sha256: "c", work: 4, engine: engine))
        #expect(!LeaseRules.standard.isHeldUp(job))
        _ = LeaseRules.standard.expire(&job, retry: retry, now: 40)
        #expect(!LeaseRules.standard.isHeldUp(job))
        _ = LeaseRules.standard.pause(&job, true)
        #expect(LeaseRules.standard.isHeldUp(job))
        #expect(LeaseRules.standard.giveWay(&job)?.work == 4)
        #expect(job.isAwaitingTraining && job.checkpoint == nil)
        #expect(throws: LeaseRules.Refusal.staleToken(current: 1)) {
            try LeaseRules.standard.heartbeat(&job, token: 1, worker: "a", instance: "a", now: 41, duration: 30)
        }
        #expect(try LeaseRules.standard.complete(&job, token: 1) == .recorded(late: true))
    }

    /// A checkpoint that is further is kept: it is of the same training.
    @Test func promotionKeepsTheFurtherCheckpoint() {
        var job = JobRecord(checkpoint: .init(sha256: "own", work: 9, engine: engine), isAwaitingTraining: true)
        LeaseRules.standard.promote(&job, checkpoint: .init(sha256: "other", work: 4, engine: engine))
        #expect(job.checkpoint?.sha256 == "own")
    }
}

/// How often a job that does not fit may be overtaken.
struct OvertakingTests {
    @Test func countsUntilItIsOver() {
        var overtaking: Overtaking?
        for _ in 0..<4 {
            #expect(overtaking?.isOver != true)
            overtaking = Overtaking.after(overtaking, passedOver: [(job: 7, overtakers: 2)])
        }
        #expect(overtaking == Overtaking(job: 7, count: 8) && overtaking?.isOver == true)
    }

    @Test func theOneThatWaitsLongestStays() {
        let before = Overtaking(job: 7, count: 3)
        #expect(Overtaking.after(before, passedOver: [(job: 9, overtakers: 5), (job: 7, overtakers: 1)]) == Overtaking(job: 7, count: 4))
        // Once it is given out, the next one counts from the beginning.
        #expect(Overtaking.after(before, passedOver: [(job: 9, overtakers: 5)]) == Overtaking(job: 9, count: 5))
        #expect(Overtaking.after(before, passedOver: []) == nil)
    }
}
