import Client
import Datasets
import Foundation
import Sweep
import Testing
import Wire

/// Looking and steering, with a real coordinator and real workers.
@Suite(.serialized) struct OperatorTests {
    private static let small = "batch_size: 4, input_size: 32, hidden_size: 16, latent_size: 4"

    // MARK: Pausing

    /// A paused sweep's running job writes a checkpoint and is handed back; resumed, it ends with the same bits as one
    /// that was never stopped.
    @Test func pausedSweepsGoOnWhereTheyWere() async throws {
        let desk = try await Desk()
        // Checkpoints only when the job is asked to stop.
        let file = try desk.place.write(
            """
            sweep: long
            fixed: {epochs: 150, \(Self.small)}
            checkpoint_every: 1000 epochs
            matrix: {method: vae, dataset: discs, seed: 7}
            """, to: "long.yaml")
        let whole = try await Programs.run(
            "medsweep", ["run", file, "--data", desk.place.data.path, "--workers", "1"], in: desk.place.folder)
        #expect(whole.status == 0, "\(whole.errors)")

        try await desk.submit(file)
        let worker = try desk.worker("one")
        _ = try await desk.coordinator.wait(for: "long") { ($0.running.first?.progress?.epoch ?? 0) >= 3 }
        try await desk.expect("pause", "long", prints: "paused sweep 'long': 1 job\n")
        let held = try await desk.coordinator.wait(for: "long") { $0.jobs[.leased, default: 0] == 0 }
        #expect(held.isPaused && held.jobs[.pending] == 1)
        let identity = try await desk.coordinator.jobs(of: "long")[0].identity
        let waiting: JobDetail = try await desk.coordinator.get(Routes.job(identity))
        #expect(try #require(waiting.record.checkpoint).work >= 3 * 20)
        #expect(waiting.record.failedAttempts == 0)
        #expect(waiting.attempts.map(\.outcome) == ["released"])

        let again = try await desk.run("pause", "long")
        #expect(again.status == 0 && again.output == "sweep 'long' was paused already\n", "\(again.output)\(again.errors)")
        #expect(try await desk.run("status", "long").output.hasPrefix("long (paused)  0/1 done"))
        // The idle worker asks all the while.
        try await Task.sleep(for: .seconds(2))
        let still: JobDetail = try await desk.coordinator.get(Routes.job(identity))
        #expect(still.record.state == .pending && still.record.token == 1)

        try await desk.expect("resume", "long", prints: "resumed sweep 'long': 1 job\n")
        _ = try await desk.coordinator.wait(for: "long") { $0.isFinished }
        let resumed = try #require(try await desk.coordinator.jobs(of: "long").first)
        let detail: JobDetail = try await desk.coordinator.get(Routes.job(identity))
        #expect(detail.attempts.map(\.outcome) == ["released", "done"])
        await worker.stop()
        #expect(worker.process.terminationStatus == 75, "\(worker.errors)")

        let reference = try await ServedCoordinator(
            movingStateFrom: desk.place.folder.appending(path: "medsweep-state"), in: desk.place.folder)
        let uninterrupted = try #require(try await reference.jobs(of: "long").first)
        #expect(resumed.identity == uninterrupted.identity)
        #expect(resumed.result?.metrics == uninterrupted.result?.metrics)
        #expect(resumed.result?.losses == uninterrupted.result?.losses)
        #expect(resumed.weights == uninterrupted.weights && resumed.weights != nil)
    }

    /// A paused worker hands its job back, and another goes on with it.
    @Test func pausedWorkersHandOver() async throws {
        let desk = try await Desk()
        try await desk.submit(
            """
            sweep: long
            fixed: {epochs: 150, \(Self.small)}
            checkpoint_every: 1000 epochs
            matrix: {method: vae, dataset: discs, seed: 7}
            """)
        let first = try desk.worker("one")
        _ = try await desk.coordinator.wait(for: "long") { ($0.running.first?.progress?.epoch ?? 0) >= 3 }
        try await desk.expect("pause", "--worker", "one", prints: "paused worker 'one'\n")
        _ = try await desk.coordinator.wait(for: "long") { $0.jobs[.leased, default: 0] == 0 }
        let listed = try await desk.run("workers")
        #expect(listed.status == 0, "\(listed.errors)")
        #expect(listed.output.split(separator: "\n").contains { $0.hasPrefix("one ") && $0.contains("paused") }, "\(listed.output)")
        #expect(listed.output.contains("discs"))

        let second = try desk.worker("two")
        _ = try await desk.coordinator.wait(for: "long") { $0.isFinished }
        let identity = try await desk.coordinator.jobs(of: "long")[0].identity
        let detail: JobDetail = try await desk.coordinator.get(Routes.job(identity))
        #expect(detail.attempts.map(\.worker) == ["one", "two"])
        #expect(detail.attempts.map(\.outcome) == ["released", "done"])
        try await desk.expect("resume", "--worker", "one", prints: "resumed worker 'one'\n")
        let list: WorkerList = try await desk.json("workers")
        #expect(list.workers.map(\.description.name) == ["one", "two"])
        #expect(list.workers.allSatisfy { !$0.isPaused && $0.jobs == 0 })
        withExtendedLifetime((first, second)) {}
    }

    /// One job of a sweep is held, named by the first digits of its identity; the others are done.
    @Test func pausedJobsAreLeftOut() async throws {
        let desk = try await Desk()
        try await desk.submit(desk.instant("three", seeds: 3))
        let jobs = try await desk.coordinator.jobs(of: "three")
        let prefix = String(jobs[1].identity.prefix(8))
        try await desk.expect("pause", prefix, prints: "paused job \(prefix)\n")
        let worker = try desk.worker("one", "--no-op")
        _ = try await desk.coordinator.wait(for: "three") { $0.jobs[.done] == 2 }
        #expect(try await desk.coordinator.jobs(of: "three").map(\.state) == [.done, .pending, .done])
        #expect(try await desk.run("job", prefix).output.contains("pending, paused"))
        try await desk.expect("resume", prefix, prints: "resumed job \(prefix)\n")
        _ = try await desk.coordinator.wait(for: "three") { $0.jobs[.done] == 3 }
        withExtendedLifetime(worker) {}
    }

    // MARK: Cancelling and retrying

    @Test func cancellingStopsRunningJobs() async throws {
        let desk = try await Desk()
        try await desk.submit(
            """
            sweep: endless
            fixed: {epochs: 100000, \(Self.small)}
            matrix:
              method: ae
              dataset: discs
              seed: range(0, 3)
            """)
        let worker = try desk.worker("one")
        _ = try await desk.coordinator.wait(for: "endless") { ($0.running.first?.progress?.epoch ?? 0) >= 1 }
        let waiting = try #require(try await desk.coordinator.jobs(of: "endless").first { $0.state == .pending })
        try await desk.expect("cancel", waiting.identity, prints: "cancelled job \(waiting.identity.prefix(12))\n")
        try await desk.expect("cancel", "endless", prints: "cancelled sweep 'endless': 2 jobs\n")
        let status = try await desk.coordinator.wait(for: "endless") { $0.isFinished }
        #expect(status.jobs == [.cancelled: 3])
        let again = try await desk.run("cancel", "endless")
        #expect(again.status == 0 && again.output.hasPrefix("nothing to cancel"), "\(again.output)\(again.errors)")
        // The worker's one slot is free again only when the endless job's process has ended.
        try await desk.submit(
            """
            sweep: after
            fixed: {epochs: 1, \(Self.small)}
            matrix: {method: ae, dataset: discs, seed: 0}
            """)
        _ = try await desk.coordinator.wait(for: "after") { $0.jobs[.done] == 1 }
        try await desk.expect("retry", waiting.identity, prints: "requeued job \(waiting.identity.prefix(12))\n")
        _ = try await desk.coordinator.wait(for: "endless") { $0.jobs[.leased] == 1 && $0.jobs[.cancelled] == 2 }
        withExtendedLifetime(worker) {}
    }

    /// A job that fails every time is quarantined after its last attempt; `retry` gives it all of them again.
    @Test func retryRequeuesWhatFailedForGood() async throws {
        let desk = try await Desk()
        try desk.breakAnImage()
        try await desk.submitBroken(desk.failing(backoff: "100ms..100ms"))
        let worker = try desk.worker("one")
        _ = try await desk.coordinator.wait(for: "failing") { $0.jobs[.quarantined] == 1 }
        let identity = try await desk.coordinator.jobs(of: "failing")[0].identity
        let once: JobDetail = try await desk.coordinator.get(Routes.job(identity))
        #expect(once.attempts.map(\.outcome) == ["failed", "failed"])
        let shown = try await desk.run("job", String(identity.prefix(8)))
        #expect(shown.output.contains("quarantined, 2 attempts failed"), "\(shown.output)\(shown.errors)")
        #expect(shown.output.contains("train-3.png"), "\(shown.output)")
        let watched = try await desk.run("status", "failing", "--watch")
        #expect(watched.status == 1 && watched.output.contains("1 failed"), "\(watched.output)\(watched.errors)")
        // On a terminal it is a screen, which is taken away at the end.
        let (status, screen) = try await PseudoTerminal().run(
            "medsweep", ["status", "--watch", "--coordinator", desk.coordinator.address], typing: "")
        #expect(status == 1 && screen.contains("\u{1B}[?1049h") && screen.contains("\u{1B}[?1049l"), "\(screen)")
        let shownScreen = try #require(screen.components(separatedBy: "\u{1B}[?1049l").first)
        for part in ["medsweep: 1 sweep, 1 worker, ", "failing  [############]  100 %  0/1 done  1 failed  finished", "failed for good", "the PNG image '"] {
            #expect(shownScreen.contains(part), "\(part) in \(screen)")
        }

        try await desk.expect("retry", "failing", prints: "requeued sweep 'failing': 1 job\n")
        _ = try await desk.coordinator.wait(for: "failing") { $0.jobs[.quarantined, default: 0] == 0 }
        _ = try await desk.coordinator.wait(for: "failing") { $0.jobs[.quarantined] == 1 }
        let twice: JobDetail = try await desk.coordinator.get(Routes.job(identity))
        #expect(twice.attempts.map(\.outcome) == ["failed", "failed", "failed", "failed"])
        #expect(twice.record.failedAttempts == 2)
        withExtendedLifetime(worker) {}
    }

    // MARK: Order

    @Test func prioritiesChangeTheOrder() async throws {
        let desk = try await Desk()
        try await desk.submit(desk.instant("first", seeds: 3))
        try await desk.submit(desk.instant("second", seeds: 2, from: 10))
        let first = try await desk.coordinator.jobs(of: "first").map(\.identity)
        let second = try await desk.coordinator.jobs(of: "second").map(\.identity)
        try await desk.expect("prioritise", "second", "5", prints: "set the priority of sweep 'second' to 5: 2 jobs\n")
        try await desk.expect("prioritise", first[2], "2", prints: "set the priority of job \(first[2].prefix(12)) to 2\n")
        try await desk.expect("priority", first[0], "-1", prints: "set the priority of job \(first[0].prefix(12)) to -1\n")
        let worker = try desk.worker("one", "--no-op")
        for sweep in ["first", "second"] { _ = try await desk.coordinator.wait(for: sweep) { $0.isFinished } }
        let leased = try await desk.events("-n", "1000").filter { $0.what == "leased" }.compactMap(\.job)
        #expect(leased == second + [first[2], first[1], first[0]])
        let refused = try await desk.run("prioritise", "second", "1001")
        #expect(refused.status == 64)
        withExtendedLifetime(worker) {}
    }

    // MARK: Looking

    @Test func eventsTellWhatHappened() async throws {
        let desk = try await Desk()
        try await desk.submit(desk.instant("watched", seeds: 2))
        let follower = try desk.start("events", "--follow")
        let followed = try desk.start("events", "--follow", "--sweep", "watched", "--json")
        try await desk.wait("the followers see the start") {
            follower.output.contains("submitted") && followed.output.contains("submitted")
        }
        try await desk.expect("pause", "watched", prints: "paused sweep 'watched': 2 jobs\n")
        try await desk.expect("resume", "watched", prints: "resumed sweep 'watched': 2 jobs\n")
        let worker = try desk.worker("one", "--no-op")
        _ = try await desk.coordinator.wait(for: "watched") { $0.isFinished }

        let events = try await desk.events()
        #expect(events.map(\.id) == events.map(\.id).sorted())
        for what in ["submitted", "paused", "resumed", "leased", "done"] {
            #expect(events.contains { $0.what.hasPrefix(what) }, "\(what): \(events.map(\.what))")
        }
        let paused = try #require(events.first { $0.what.hasPrefix("paused") })
        #expect(paused.sweep == "watched" && paused.who.contains("@"))
        let done = try #require(events.last { $0.what == "done" })
        #expect(done.who == "one")

        // A part of them: the last, those after one, those of a job, those of a sweep.
        #expect(try await desk.events("-n", "2") == Array(events.suffix(2)))
        #expect(try await desk.events("--since", "\(paused.id)") == events.filter { $0.id > paused.id })
        #expect(try await desk.events("--since", "\(paused.id)", "-n", "1") == Array(events.filter { $0.id > paused.id }.prefix(1)))
        let job = try #require(done.job)
        let jobs = try await desk.events("--job", String(job.prefix(8)))
        #expect(Set(jobs.compactMap(\.job)) == [job] && jobs.map(\.what).suffix(2) == ["leased", "done"])
        #expect(try await desk.events("--sweep", "watched").contains { $0.what.hasPrefix("submitted") })
        let lines = try await desk.run("events").output.split(separator: "\n")
        #expect(lines.count == events.count)
        #expect(lines.contains { $0.contains("paused") && $0.hasSuffix("sweep watched") }, "\(lines)")

        // Those that follow are told of what comes.
        try await desk.wait("the followers see the end") {
            follower.output.split(separator: "\n").count == events.count && followed.output.contains("resumed")
        }
        #expect(follower.output.split(separator: "\n").map(String.init) == lines.map(String.init))
        #expect(follower.process.isRunning && followed.process.isRunning)
        for program in [follower, followed] { await program.stop() }
        withExtendedLifetime(worker) {}
    }

    @Test func explainNamesWhatIsMissing() async throws {
        let desk = try await Desk()
        let worker = try desk.worker("one", "--no-op")
        try await desk.submit(desk.instant("tagged", seeds: 1) + "\nrequires: {tags: [nowhere]}\n")
        try await desk.wait("the worker is known") {
            ((try? await desk.coordinator.get(Routes.workers, as: WorkerList.self))?.workers.count ?? 0) == 1
        }
        let identity = try await desk.coordinator.jobs(of: "tagged")[0].identity
        let text = try await desk.run("explain", String(identity.prefix(8)))
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.hasPrefix("job \(identity.prefix(12)) is pending\n"), "\(text.output)")
        #expect(text.output.contains("nowhere"), "\(text.output)")

        try await desk.expect("pause", "tagged", prints: "paused sweep 'tagged': 1 job\n")
        let held: Explanation = try await desk.json("explain", identity)
        #expect(held.reasons.contains { $0.contains("paused") }, "\(held.reasons)")
        withExtendedLifetime(worker) {}
    }

    @Test func explainNamesABackoff() async throws {
        let desk = try await Desk()
        try desk.breakAnImage()
        try await desk.submitBroken(desk.failing(backoff: "1h..1h"))
        let worker = try desk.worker("one")
        let identity = try await desk.coordinator.jobs(of: "failing")[0].identity
        try await desk.wait("the first attempt fails") {
            (try? await desk.coordinator.get(Routes.job(identity), as: JobDetail.self))?.record.failedAttempts == 1
        }
        let waiting: Explanation = try await desk.json("explain", identity)
        #expect(waiting.state == .pending)
        #expect(waiting.reasons.contains { $0.contains("backoff") }, "\(waiting.reasons)")
        // What waits need not wait any longer.
        try await desk.expect("retry", identity, prints: "requeued job \(identity.prefix(12))\n")
        try await desk.wait("the second attempt fails") {
            (try? await desk.coordinator.get(Routes.job(identity), as: JobDetail.self))?.attempts.map(\.outcome) == ["failed", "failed"]
        }
        withExtendedLifetime(worker) {}
    }

    /// A job that another sweep has finished is reused, and is the nearest to one that differs in its epochs.
    @Test func explainNamesReuseAndTheNearest() async throws {
        let desk = try await Desk()
        try await desk.submit(desk.instant("before", seeds: 1))
        let worker = try desk.worker("one", "--no-op")
        _ = try await desk.coordinator.wait(for: "before") { $0.isFinished }
        await worker.stop()
        try await desk.submit(desk.instant("after", seeds: 1))
        let done = try await desk.coordinator.jobs(of: "after")[0]
        #expect(done.state == .done)
        let reused: Explanation = try await desk.json("explain", done.identity)
        #expect(reused.state == .done)
        #expect(reused.reasons.contains { $0.contains("reuse") && $0.contains("'after'") }, "\(reused.reasons)")

        try await desk.submit(desk.instant("longer", seeds: 1, epochs: 9))
        let longer = try await desk.coordinator.jobs(of: "longer")[0]
        let explanation: Explanation = try await desk.json("explain", longer.identity)
        // The question of the worker that left may still stand, and be answered with the job.
        #expect(explanation.state == .pending || explanation.state == .leased)
        let nearest = try #require(explanation.nearest)
        #expect(nearest.identity == done.identity)
        #expect(nearest.differences.count == 1 && nearest.differences[0].contains("epochs"), "\(nearest.differences)")
        let text = try await desk.run("explain", longer.identity)
        #expect(text.output.contains("the nearest finished job is \(done.identity.prefix(12)):\n"), "\(text.output)")
    }

    @Test func unknownNamesAreRefusedWithTheNearest() async throws {
        let desk = try await Desk()
        try await desk.submit(desk.instant("known", seeds: 1))
        for words in [["pause", "knwon"], ["retry", "knwon"], ["cancel", "knwon", "--yes"], ["prioritise", "knwon", "1"]] {
            let outcome = try await desk.run(words)
            #expect(outcome.status == 65 && outcome.output.isEmpty, "\(words): \(outcome.errors)")
            #expect(outcome.errors.contains("'known'"), "\(outcome.errors)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
        for words in [["pause", "--worker", "nobody"], ["explain", "00000000"], ["job", "00000000"], ["cancel", "00000000"]] {
            let outcome = try await desk.run(words)
            #expect(outcome.status == 65 && outcome.output.isEmpty, "\(words): \(outcome.errors)")
        }
    }
}

/// A place with a coordinator, and commands that talk to it.
private struct Desk {
    let place: Workplace
    let coordinator: ServedCoordinator

    init() async throws {
        place = try Workplace()
        coordinator = try await ServedCoordinator(in: place.folder, lease: 30)
    }

    func run(_ words: String...) async throws -> Programs.Outcome { try await run(words) }

    func run(_ words: [String]) async throws -> Programs.Outcome {
        try await Programs.run("medsweep", words + ["--coordinator", coordinator.address], in: place.folder)
    }

    func start(_ words: String...) throws -> Program {
        try Program("medsweep", words + ["--coordinator", coordinator.address], in: place.folder)
    }

    /// Runs a command that succeeds with exactly this output.
    func expect(_ words: String..., prints text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let outcome = try await run(words)
        #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.output == text, sourceLocation: sourceLocation)
    }

    /// What a command prints with `--json`.
    func json<Body: Decodable>(_ words: String...) async throws -> Body {
        let outcome = try await run(words + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try WireCoding.decode(from: Data(outcome.output.utf8))
    }

    func events(_ words: String...) async throws -> [Event] {
        let outcome = try await run(["events"] + words + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.output.split(separator: "\n").map { try WireCoding.decode(from: Data($0.utf8)) }
    }

    /// Submits a sweep file, or the text of one.
    func submit(_ sweep: String) async throws {
        let file = sweep.hasPrefix("/") ? sweep : try place.write(sweep, to: "\(UUID().uuidString).yaml")
        let outcome = try await run("submit", file, "--data", place.data.path)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    /// Hands a sweep in as another client may: the command would not, of broken images.
    func submitBroken(_ sweep: String) async throws {
        let content = try LocalDatasets.content(
            of: place.data.appending(path: "discs"), name: "discs", cacheDirectory: place.folder.appending(path: "contents"))
        let client = CoordinatorClient(url: try #require(URL(string: coordinator.address)))
        _ = try await client.submit(SubmitRequest(source: sweep, file: "broken.yaml", overrides: [], contents: ["discs": content]))
    }

    /// A worker of one slot.
    func worker(_ name: String, _ more: String...) throws -> Program {
        try Program(
            "medsweep-worker",
            ["--coordinator", coordinator.address, "--data", place.data.path, "--jobs", "1", "--name", name,
             "--spool", place.folder.appending(path: "spool-\(name)").path] + more, in: place.folder)
    }

    /// A sweep of jobs that nobody will train.
    func instant(_ name: String, seeds: Int, from first: Int = 0, epochs: Int = 3) -> String {
        """
        sweep: \(name)
        fixed: {epochs: \(epochs), batch_size: 8, input_size: 32, hidden_size: 16, latent_size: 4}
        matrix:
          method: ae
          dataset: discs
          seed: range(\(first), \(first + seeds))
        """
    }

    /// A sweep of one job with two attempts.
    func failing(backoff: String) -> String {
        instant("failing", seeds: 1) + "\nretry: {max_attempts: 2, backoff: \(backoff), retry_on: [data]}\n"
    }

    /// Makes every job on the data set fail.
    func breakAnImage() throws {
        let image = place.data.appending(path: "discs/images/train-3.png")
        let whole = try Data(contentsOf: image)
        try whole.prefix(whole.count / 2).write(to: image)
    }

    /// Waits until a condition holds.
    func wait(_ what: String, until condition: () async -> Bool) async throws {
        for _ in 0..<6000 {
            if await condition() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("not within ten minutes: \(what); \(coordinator.program.errors)")
    }
}
