import Catalogue
import Datasets
import Foundation
import Sweep
import Testing
import Wire

@testable import medsweep

/// What the commands print.
@Suite struct TextTests {
    private let zone = TimeZone(secondsFromGMT: 3600)!
    private let identity = "0123456789abcdef" + String(repeating: "0", count: 48)

    @Test func control() {
        func sentence(_ action: ControlRequest.Action, _ target: ControlTarget, _ changed: Int, priority: Int? = nil) -> String {
            ControlText.sentence(
                ControlRequest(action: action, priority: priority, who: "w"), target, ControlResponse(changed: changed))
        }
        #expect(sentence(.pause, .sweep("demo"), 12) == "paused sweep 'demo': 12 jobs")
        #expect(sentence(.resume, .sweep("demo"), 1) == "resumed sweep 'demo': 1 job")
        #expect(sentence(.cancel, .job(identity), 1) == "cancelled job 0123456789ab")
        #expect(sentence(.retry, .job("01234567"), 1) == "requeued job 01234567")
        #expect(sentence(.pause, .worker("host-1"), 3) == "paused worker 'host-1'")
        #expect(sentence(.prioritise, .sweep("demo"), 3, priority: -5) == "set the priority of sweep 'demo' to -5: 3 jobs")
        #expect(sentence(.pause, .job("01234567"), 0) == "nothing to pause: job 01234567 was paused already or has ended")
        #expect(sentence(.pause, .sweep("demo"), 0) == "sweep 'demo' was paused already")
        #expect(sentence(.pause, .worker("w"), 0) == "worker 'w' was paused already")
        #expect(sentence(.resume, .worker("w"), 0) == "nothing to resume: worker 'w' was not paused")
        #expect(sentence(.cancel, .sweep("demo"), 0) == "nothing to cancel: every job of sweep 'demo' has ended")
        #expect(sentence(.prioritise, .job("01234567"), 0, priority: 4) == "job 01234567 had priority 4 already")
        #expect(sentence(.retry, .sweep("demo"), 0).hasPrefix("nothing to retry: no job of sweep 'demo' failed"))
    }

    @Test func events() {
        func line(_ who: String, _ what: String, job: String? = nil, sweep: String? = nil) -> String {
            EventText.line(Event(id: 1, at: 86_400, who: who, what: what, job: job, sweep: sweep), zone: zone)
        }
        let start = "1970-01-02 01:00:00  "
        #expect(line("anna@host", "paused", sweep: "demo") == start + "anna@host             paused  sweep demo")
        #expect(line("w", "leased", job: identity) == start + "w                     leased  job 0123456789ab")
        #expect(
            line("a-worker-with-a-long-name", "done", job: identity, sweep: "demo")
                == start + "a-worker-with-a-long-name  done  job 0123456789ab of demo")
        #expect(line("coordinator", "started") == start + "coordinator           started")
    }

    /// Text from elsewhere stays in its line and leaves the terminal alone.
    @Test func whatIsUnseenIsShown() {
        let event = Event(id: 1, at: 0, who: "w\u{1B}[2J", what: "failed: a\nb\tc\u{9B}d", job: nil, sweep: nil)
        #expect(EventText.line(event, zone: zone) == "1970-01-01 01:00:00  w\\u{1B}[2J            failed: a b c\\u{9B}d")
        #expect("a\r\nb\u{7}\n\n \n".plainLines == ["a", "b\\u{7}"])
        // Marks that turn the direction of writing, that end lines and that are not there at all.
        #expect("\u{202E}gnp.exe\u{2066}\u{200F}\u{2028}\u{FEFF}\u{E0041}".oneLine == "\\u{202E}gnp.exe\\u{2066}\\u{200F} \\u{FEFF}\\u{E0041}")
        // What joins letters and pictures stays.
        #expect("می\u{200C}خواهم 👩\u{200D}🔬 é".oneLine == "می\u{200C}خواهم 👩\u{200D}🔬 é")
        #expect("".plainLines.isEmpty)
    }

    @Test func explanations() {
        let explanation = Explanation(
            identity: identity, state: .pending, reasons: ["no worker has the tag 'nowhere'", "its sweep is paused"],
            nearest: .init(identity: "fedcba9876543210", differences: ["epochs: 20 here, 40 there"]))
        #expect(
            ExplanationText.full(explanation) == """
                job 0123456789ab is pending
                  - no worker has the tag 'nowhere'
                  - its sweep is paused
                the nearest finished job is fedcba987654:
                  - epochs: 20 here, 40 there
                """)
        #expect(
            ExplanationText.full(Explanation(identity: identity, state: .done, reasons: [])) == "job 0123456789ab is done")
    }

    @Test func workers() {
        func worker(
            _ name: String, memory: Int64, gpus: [Int64] = [], sets: [String], tags: [String], seen: Double, jobs: Int, paused: Bool = false
        ) -> WorkerStatus {
            let device = gpus.isEmpty ? "cpu" : "cuda NVIDIA T4"
            return WorkerStatus(
                description: WorkerDescription(
                    name: name, instance: WorkerInstance.make(), host: "host", resources: WorkerResources(threads: 8, memory: memory, gpus: gpus),
                    platform: .init(device: device, libtorch: "2.13.0", kernels: "k"),
                    datasets: Dictionary(uniqueKeysWithValues: sets.map { ($0, DatasetContent(fingerprint: "f")) }), methods: ["ae"], tags: tags),
                seen: seen, jobs: jobs, isPaused: paused)
        }
        let table = WorkerText.table(
            [
                worker("host-1", memory: 16_751_296_512, sets: ["rsna", "brain"], tags: ["fast"], seen: 988, jobs: 2),
                worker("host-22", memory: 512 << 20, gpus: [15 << 30, 14 << 30], sets: [], tags: [], seen: 1005, jobs: 0),
                worker("host-3", memory: 1000, sets: ["lag"], tags: [], seen: 905, jobs: 1, paused: true),
            ], now: 1000)
        #expect(
            table == """
                worker   host  device                           threads      memory  jobs  heard of        state    data sets    tags
                host-1   host  cpu                                    8    15.6 GiB     2  12 s ago        working  brain, rsna  fast
                host-22  host  2 × cuda NVIDIA T4, 14 GiB each        8     512 MiB     0  0 s ago         waiting  -            -
                host-3   host  cpu                                    8  1000 bytes     1  1 min 35 s ago  paused   lag          -
                """)
    }

    /// Where several workers have one name, the list also tells the digits by which one of them is paused.
    @Test func workersOfOneNameAreToldApart() {
        func worker(_ name: String, _ digit: String) -> WorkerStatus {
            WorkerStatus(
                description: WorkerDescription(
                    name: name, instance: String(repeating: digit, count: 32), host: "h", resources: WorkerResources(threads: 1, memory: 1),
                    platform: .init(device: "cpu", libtorch: "2.13.0", kernels: "k"), datasets: [:], methods: []),
                seen: 0, jobs: 0, isPaused: false)
        }
        let lines = WorkerText.table([worker("twin", "a"), worker("twin", "b"), worker("alone", "c")], now: 0).split(separator: "\n")
        #expect(lines[1].hasPrefix("twin aaaaaaaa  h"))
        #expect(lines[2].hasPrefix("twin bbbbbbbb  h"))
        #expect(lines[3].hasPrefix("alone          h"))
    }

    /// A run is a success only if every job of its file has a result.
    @Test func runsEndWellOnlyWithAllResults() {
        func missing(_ jobs: [JobState: Int], revision: Int = 1) -> String? {
            let status = SweepStatus(
                name: "demo", revision: revision, submitted: 0, jobs: jobs, total: jobs.values.reduce(0, +), progress: 1, remaining: nil,
                running: [], failing: [], policy: SweepPolicy())
            return RunOutcome(status: status, revision: 1).missing(state: "folder")
        }
        #expect(missing([.done: 3]) == nil)
        #expect(missing([:]) == nil)
        #expect(missing([.done: 2, .quarantined: 1]) == "1 jobs failed for good; `medsweep status --state folder` tells why")
        #expect(missing([.done: 2, .cancelled: 1])?.hasPrefix("1 job of sweep 'demo' has no result, since it was cancelled") == true)
        #expect(missing([.done: 2, .cancelled: 2])?.contains("`medsweep retry demo --state folder` sends them back") == true)
        #expect(missing([.done: 3], revision: 2)?.contains("was submitted anew meanwhile") == true)
    }

    private func detail(_ record: JobRecord, attempts: [JobDetail.Attempt], result: JobResult? = nil) -> JobDetail {
        JobDetail(
            identity: identity,
            job: JobDescription(
                method: "vae", configuration: ["epochs": .integer(20), "kl_weight": .number(0.005)], dataset: "discs",
                fingerprint: "fedcba98765432100000", seed: 7),
            record: record, progress: record.state == .leased ? .sample(epoch: 3, of: 20) : nil, result: result,
            attempts: attempts, sweeps: ["demo", "other"])
    }

    private var attempts: [JobDetail.Attempt] {
        [
            .init(
                token: 1, worker: "host-1", started: 0, ended: 12, outcome: "failed", error: "the process was killed",
                logTail: "first\nlast\n", signal: 9),
            .init(
                token: 2, worker: "host-2", started: 20, ended: 30, outcome: "released", error: nil, logTail: "left\n", signal: nil),
            .init(token: 3, worker: "host-2", started: 40, ended: nil, outcome: nil, error: nil, logTail: nil, signal: nil),
        ]
    }

    @Test func runningJobs() {
        let record = JobRecord(
            state: .leased, token: 3, failedAttempts: 1, hold: .init(worker: "host-2", instance: "i", expires: 99),
            checkpoint: .init(sha256: "s", work: 200, engine: .sample))
        let text = JobText(detail: detail(record, attempts: attempts), now: 50, zone: zone).full
        #expect(
            text == """
                job         \(identity)
                method      vae
                data set    discs, content fedcba987654
                seed        7
                settings    epochs=20 kl_weight=0.005
                sweeps      demo, other
                state       leased, on host-2, training: epoch 3 of 20, 1 attempt failed
                checkpoint  at work 200, made on cpu, libtorch 2.13.0, avx2, float32, 2 threads
                attempt 1  1970-01-01 01:00:00  on host-1: failed after 12 s by signal 9: the process was killed
                attempt 2  1970-01-01 01:00:20  on host-2: released after 10 s
                attempt 3  1970-01-01 01:00:40  on host-2: running
                log of attempt 1:
                  first
                  last
                """)
        let all = JobText(detail: detail(record, attempts: attempts), now: 50, allLogs: true, zone: zone).full
        #expect(all.hasSuffix("log of attempt 1:\n  first\n  last\nlog of attempt 2:\n  left"))
        let none = JobText(detail: detail(record, attempts: []), now: 50, allLogs: true, zone: zone).full
        #expect(none.hasSuffix("no attempt has left a log"))
    }

    @Test func waitingAndFinishedJobs() {
        let waiting = JobRecord(state: .pending, failedAttempts: 2, notBefore: 60, isPaused: true)
        #expect(
            JobText(detail: detail(waiting, attempts: []), now: 50, zone: zone).full
                .hasSuffix("state     pending, paused, not before 1970-01-01 01:01:00, 2 attempts failed"))
        #expect(JobText(detail: detail(waiting, attempts: []), now: 70, zone: zone).full.hasSuffix("pending, paused, 2 attempts failed"))
        let awaiting = JobRecord(state: .pending, isAwaitingTraining: true)
        #expect(JobText(detail: detail(awaiting, attempts: []), now: 0, zone: zone).full.hasSuffix("pending, until the weights are trained that it scores"))
        let result = JobResult(
            metrics: ["auc": 0.912345678, "ap": 0.5, "normal_score": 12.5], losses: [1], artefacts: [], trainingSeconds: 75,
            wallSeconds: 80, peakMemory: 300 << 20, worker: "host-1", host: "host", engine: .sample, notes: ["went on\nelsewhere"])
        let done = JobText(detail: detail(JobRecord(state: .done), attempts: [], result: result), now: 0, zone: zone).full
        #expect(done.contains("state     done\n"))
        #expect(done.contains("result    ap=0.5 auc=0.91235 normal_score=12.5\n"))
        #expect(done.hasSuffix(
            """
            cost      1 min 15 s of training, 300 MiB of memory, on host-1
            engine    cpu, libtorch 2.13.0, avx2, float32, 2 threads
            note      went on elsewhere
            """))
    }

    @Test func statusTellsWhatHoldsASweep() {
        func line(paused: Bool, expanding: Bool) -> String {
            StatusText.line(
                SweepStatus(
                    name: "demo", submitted: 0, jobs: [.done: 1, .pending: 1], total: 2, progress: 0.5, remaining: nil,
                    running: [], failing: [], policy: SweepPolicy(), isPaused: paused, isExpanding: expanding))
        }
        #expect(line(paused: true, expanding: false).hasPrefix("demo (paused)  1/2 done"))
        #expect(line(paused: false, expanding: true).hasPrefix("demo (submitting)  1/2 done"))
        #expect(line(paused: true, expanding: true).hasPrefix("demo (paused) (submitting)  1/2 done"))
        #expect(line(paused: false, expanding: false).hasPrefix("demo  1/2 done"))
    }

    @Test func statusTellsWhichFileUnlocksJobs() {
        func text(_ isOffered: Bool) -> String {
            StatusText.full(
                SweepStatus(
                    name: "demo", submitted: 0, jobs: [.pending: 2], total: 2, progress: 0, remaining: nil, running: [], failing: [],
                    policy: SweepPolicy(), weights: [.init(name: "vgg19", jobs: 2, isOffered: isOffered), .init(name: "own", jobs: 1, isOffered: true)]))
        }
        #expect(text(false).contains("\n  waiting  2 jobs need vgg19-dcbb9e9d.pth, which no worker has; `medsweep weights add FILE` there"))
        #expect(!text(false).contains("own") && !text(true).contains("waiting"))
    }

    @Test func weightsAreListed() throws {
        let rows = try WeightsCommand.List.rows(LocalWeights(URL.temporaryDirectory.appending(path: "medsweep-none-\(UUID().uuidString)")))
        #expect(rows.allSatisfy { $0.path == nil } && rows.map(\.name).contains("resnet152"))
        let lines = WeightsCommand.List.table(rows).split(separator: "\n")
        #expect(lines[0].hasPrefix("weights") && lines.count == rows.count + 1)
        #expect(lines[1].contains("vgg19") && lines[1].contains(" no ") && lines[1].contains("ae-perceptual"))
        #expect(lines[1].hasSuffix("vgg19-dcbb9e9d.pth               https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"))
        #expect(WeightsCommand.configuration.discussion.contains("wide_resnet50_2-95faca4d.pth"))
    }

    @Test func operators() {
        #expect(OperatorName.make(environment: ["USER": "anna", "HOSTNAME": "h"], account: "a", machine: "m") == "anna@h")
        #expect(OperatorName.make(environment: ["LOGNAME": "anna"], account: "a", machine: "m") == "anna@m")
        #expect(OperatorName.make(environment: ["USER": ""], account: "root", machine: "m") == "root@m")
        #expect(OperatorName.make(environment: [:], account: "", machine: "") == "unknown@unknown")
        #expect(OperatorName.current.split(separator: "@").count == 2)
    }
}
