import Catalogue
import Sweep
import Testing
import Wire

@testable import medsweep

/// The one screen of `medsweep status --watch`.
@Suite struct StatusScreenTests {
    private func identity(_ digit: String) -> String { String(repeating: digit, count: 64) }

    private func status(_ name: String = "demo", done: Int = 12, running: Int = 2, failing: Int = 1) -> SweepStatus {
        var policy = SweepPolicy()
        policy.limits.maxFailed = 5
        return SweepStatus(
            name: name, submitted: 0, jobs: [.done: done, .leased: running, .pending: 10, .quarantined: failing], total: done + running + 10 + failing,
            progress: 0.5, remaining: 120,
            running: (0..<running).map { number in
                .init(
                    identity: identity("\(number)"), method: "ae", dataset: "brain", seed: number, worker: "host-1",
                    progress: number == 0 ? .sample(epoch: 5, of: 10, loss: 0.01234567, speed: 812.4) : nil)
            },
            failing: (0..<failing).map { .init(identity: identity("f"), method: "vae", dataset: "brain", seed: $0, error: "the loss became\nnan") },
            policy: policy, isPaused: false, isExpanding: false)
    }

    private func worker(_ name: String, seen: Double) -> WorkerStatus {
        WorkerStatus(
            description: WorkerDescription(
                name: name, instance: WorkerInstance.make(), host: "h", resources: WorkerResources(threads: 1, memory: 1), platform: EngineClass.sample.platform, datasets: [:], methods: []),
            seen: seen, jobs: 0, isPaused: false)
    }

    private func text(_ screen: StatusScreen, width: Int = 120, height: Int = 40) -> [String] {
        screen.lines(width: width, height: height).map(\.text)
    }

    @Test func whatFailedComesFirst() {
        let screen = StatusScreen(statuses: [status()], workers: [worker("host-1", seen: 990), worker("host-2", seen: 100)], now: 1000)
        let lines = text(screen)
        #expect(lines[0].hasPrefix("medsweep: 1 sweep, 1 worker, 1970-01-01 "))
        #expect(Array(lines.dropFirst()) == [
            "demo  [############------------]  50 %  12/25 done  2 running  1 failed  about 2 min 0 s left, 6.0 jobs/min",
            "", "failed for good", "  vae on brain, seed 0 (ffffffffffff): the loss became nan",
            "", "running",
            "  ae on brain, seed 0 (000000000000)  [#####-----]  training: epoch 5 of 10  loss 0.01235  812 images/s  on host-1",
            "  ae on brain, seed 1 (111111111111)  [----------]  starting                                             on host-1",
            "", "workers", "  host-1  cpu  ae on brain and 1 more  heard of 10 s ago", "  host-2  cpu  waiting  heard of 15 min 0 s ago",
        ])
    }

    @Test func everythingFitsOnTheScreen() {
        let statuses = (0..<3).map { status("sweep-\($0)", running: 20, failing: 4) }
        let screen = StatusScreen(statuses: statuses, workers: [worker("host-1", seen: 990)], now: 1000)
        for (width, height) in [(80, 24), (40, 12), (200, 60), (20, 3), (10, 1)] {
            let lines = text(screen, width: width, height: height)
            #expect(lines.count <= height && lines.allSatisfy { $0.count <= width }, "\(width) x \(height)")
        }
        let lines = text(screen, width: 120, height: 24)
        #expect(lines.filter { $0.contains("the loss became") }.count == 5 && lines.contains("  … and 7 more"))
        #expect(lines.contains("running") && lines.count == 24)
    }

    @Test func endsAndOutagesAreTold() {
        var stopped = status(running: 0, failing: 5)
        stopped.remaining = nil
        var screen = StatusScreen(statuses: [stopped], workers: [], now: 1000)
        #expect(text(screen)[1].hasSuffix("5 failed  stopped by limits.max_failed"))
        screen.remark = "cannot reach the coordinator; trying again"
        #expect(screen.lines(width: 80, height: 24)[1] == .init(text: "cannot reach the coordinator; trying again", tone: .bad))
    }

    @Test func whatNoWorkerHasIsTold() {
        var waiting = status(running: 1, failing: 0)
        waiting.obstacles = [.init(jobs: 2, reason: "64 GiB of memory are asked for,\nand no more than 2 GiB offered")]
        let lines = text(StatusScreen(statuses: [waiting], workers: [], now: 1000))
        #expect(lines[2...4] == ["", "waiting for what no worker has", "  demo: 2 jobs: 64 GiB of memory are asked for, and no more than 2 GiB offered"])
        #expect(StatusText.full(waiting).contains("\n  waiting  2 jobs: 64 GiB of memory are asked for, and no more than 2 GiB offered\n"))
        #expect(StatusText.line(waiting).contains("  training: epoch 5 of 10  about 2 min 0 s left"))
    }

    @Test func coloursAreForTerminalsThatTakeThem() {
        let lines: [StatusScreen.Line] = [.init(text: "a", tone: .bad), .init(text: "b")]
        #expect(StatusScreen.drawn(lines, hasColors: false) == "\u{1B}[Ha\u{1B}[K\r\nb\u{1B}[K\u{1B}[J")
        #expect(StatusScreen.drawn(lines, hasColors: true) == "\u{1B}[H\u{1B}[31ma\u{1B}[0m\u{1B}[K\r\nb\u{1B}[K\u{1B}[J")
    }
}
