import Catalogue
import Testing

@testable import Sweep

@Suite struct RemainingTimeTests {
    private func time(
        _ kinds: [Int64: RemainingTime.Kind], _ running: [RemainingTime.Running], others: Int = 0
    ) -> Double? {
        RemainingTime(kinds: kinds, running: running, others: others).seconds
    }

    /// Three jobs of a second are done, and four of another method are left that takes two hundred times as long.
    @Test func kindsTakeWhatTheirCostSays() {
        let kinds: [Int64: RemainingTime.Kind] = [
            1: .init(finishedSeconds: 3, finished: 3, nominalSeconds: 0.5), 2: .init(waiting: 3, nominalSeconds: 100),
        ]
        #expect(time(kinds, [.init(kind: 2, share: 0.5, secondsLeft: nil)]) == 200.0 * 3.5)
        // Two at once: half as long.
        let running = [RemainingTime.Running(kind: 2, share: 0.5, secondsLeft: nil), .init(kind: 2, share: 0.5, secondsLeft: nil)]
        #expect(time(kinds, running) == 200.0 * 4 / 2)
        // What its own jobs took says more than what its arithmetic says, and so does the speed of one that runs.
        var measured = kinds
        measured[2]?.finishedSeconds = 120
        measured[2]?.finished = 2
        #expect(time(measured, [.init(kind: 2, share: 0.5, secondsLeft: nil)]) == 60.0 * 3.5)
        #expect(time(kinds, [.init(kind: 2, share: 0.75, secondsLeft: 10)]) == 10.0 + 3 * 40)
    }

    @Test func theLongestJobIsTheLeast() {
        let kinds: [Int64: RemainingTime.Kind] = [1: .init(waiting: 1, finishedSeconds: 8, finished: 1), 2: .init(finishedSeconds: 100, finished: 1)]
        let running = [RemainingTime.Running(kind: 2, share: 0.1, secondsLeft: nil), .init(kind: 1, share: 0.5, secondsLeft: nil)]
        #expect(time(kinds, running) == 90)
    }

    @Test func nothingIsSaidOfWhatIsNotKnown() {
        #expect(time([1: .init(waiting: 5, finishedSeconds: 2, finished: 1)], []) == nil)
        #expect(time([1: .init(waiting: 5, nominalSeconds: 3)], [.init(kind: 1, share: 0, secondsLeft: nil)]) == nil)
        // Without a cost, jobs are taken to be like those that are known; those that wait for others as well.
        let kinds: [Int64: RemainingTime.Kind] = [1: .init(finishedSeconds: 6, finished: 2), 2: .init(waiting: 2)]
        #expect(time(kinds, [.init(kind: 2, share: 0, secondsLeft: nil)], others: 1) == 12)
    }

    /// At half of the work, 100 units done at 10 a second: ten seconds are left.
    @Test func runningJobsTellTheirSpeed() {
        func left(_ share: Double, _ speed: Double?) -> Double? {
            let progress = JobProgress(stage: "training", unit: "images", done: 100, total: 200, work: 100, share: share, speed: speed)
            return RemainingTime.Running(kind: 1, share: share, progress: progress).secondsLeft
        }
        #expect(left(0.5, 10) == 10)
        #expect(left(0.5, nil) == nil && left(0.5, 0) == nil && left(0, 10) == nil)
        #expect(left(1e-300, 1e-300) == 3e9 && left(-1, 10) == nil && left(.nan, 10) == nil)
        #expect(RemainingTime.Running(kind: 1, share: 0.5, progress: nil).secondsLeft == nil)
    }

    /// What `plan --cost` knows: the same epochs of DAE take far longer than AE's.
    @Test func nominalTimesFollowTheCost() throws {
        func seconds(_ method: String) throws -> Double {
            let job = JobDescription(
                method: method, configuration: Catalogue.method(method)!.resolve(["epochs": 10], for: .custom("own")), dataset: "own",
                fingerprint: "f", seed: 0)
            return try #require(Machine.core.nominalSeconds(job))
        }
        #expect(try seconds("dae") > 50 * seconds("ae"))
    }
}
