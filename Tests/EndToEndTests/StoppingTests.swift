import Foundation
import TestSupport
import Testing
import Wire

#if canImport(Glibc)
import Glibc
#endif

/// Whatever ends `medsweep run` or a worker: nothing is left running, nothing that was finished is lost, and nobody is blamed.
@Suite(.serialized) struct StoppingTests {
    /// The sweep with no checkpoints but those that are asked for.
    static let withoutCheckpoints = Scenario.sweep.replacingOccurrences(of: "checkpoint_every: 3 epochs", with: "checkpoint_every: 1h")

    /// `medsweep run` with its coordinator, its workers and what they train.
    private final class Run {
        let scenario: Scenario
        let program: Program
        let coordinator: ServedCoordinator
        private let file: String

        /// - Parameter epochs: so many that the jobs end only when they are told to, unless they are to end.
        init(_ scenario: Scenario, epochs: Int = 1_000_000, prefix: [String] = []) async throws {
            self.scenario = scenario
            let source = StoppingTests.withoutCheckpoints.replacing("epochs: 60", with: "epochs: \(epochs)")
            file = try scenario.place.write(source, to: "chaos.yaml")
            let words = [Programs.folder.appending(path: "medsweep").path] + Self.arguments(file, scenario)
            program = try scenario.program((prefix + words)[0], Array((prefix + words).dropFirst()))
            coordinator = try await ServedCoordinator(of: program, state: scenario.place.folder.appending(path: "medsweep-state"))
        }

        static func arguments(_ file: String, _ scenario: Scenario) -> [String] {
            ["run", file, "method=vae", "--data", scenario.place.data.path, "--workers", "2"]
        }

        var number: Int32 { program.process.processIdentifier }
        var workers: [Int32] { ProcessTree.children(of: number) }
        var trainings: [Int32] { workers.flatMap(ProcessTree.children) }

        /// Waits until every job trains.
        func training() async throws {
            try await eventually("both jobs train") {
                let jobs = try await self.coordinator.jobs(of: Scenario.name)
                var ready = 0
                for job in jobs where (try await self.coordinator.detail(job.identity).progress?.epoch ?? 0) >= 5 { ready += 1 }
                return ready == 2
            }
        }

        /// Looks into the state that it has left.
        func after() async throws -> ServedCoordinator { try await scenario.coordinator("medsweep-state", lease: 60) }

        /// The same command once more.
        func again() async throws -> Programs.Outcome {
            try await Programs.run("medsweep", Self.arguments(file, scenario), in: scenario.place.folder)
        }
    }

    /// A key, a batch system, a closed terminal: jobs are handed back with their checkpoints while the coordinator is there to take them.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]) func runsStopInOrder(_ signal: Int32) async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let run = try await Run(scenario)
        try await run.training()
        let all = run.workers + run.trainings
        #expect(all.count == 4)
        kill(run.number, signal)
        try await eventually("what is waited for is said") { run.program.errors.contains("stopping: running jobs write their checkpoints") }
        await run.program.ended()
        #expect(run.program.process.terminationReason == .exit && run.program.process.terminationStatus == 75, "\(run.program.errors)")
        #expect(!all.contains(where: ProcessTree.isAlive))
        let state = try await run.after()
        for job in try await state.jobs(of: Scenario.name) {
            let detail = try await state.detail(job.identity)
            #expect(detail.attempts.map(\.outcome) == ["released"] && detail.record.failedAttempts == 0, "\(detail.attempts)")
            #expect((detail.record.checkpoint?.work ?? 0) >= 5 * 20)
        }
    }

    /// Jobs that cannot write a checkpoint hold nobody up who asks a second time.
    @Test func askedTwiceARunEndsAtOnce() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let run = try await Run(scenario)
        try await run.training()
        let (workers, trainings) = (run.workers, run.trainings)
        for training in trainings { kill(training, SIGSTOP) }
        kill(run.number, SIGINT)
        try await eventually("it says how to end it") { run.program.errors.contains("interrupt again") }
        try await Task.sleep(for: .milliseconds(300))
        #expect(run.program.process.isRunning)
        kill(run.number, SIGINT)
        await run.program.ended()
        #expect(run.program.process.terminationReason == .exit && run.program.process.terminationStatus == 128 + SIGINT)
        try await eventually("the workers end") { !workers.contains(where: ProcessTree.isAlive) }
        for training in trainings { kill(training, SIGCONT) }
        try await eventually("the trainings end") { !trainings.contains(where: ProcessTree.isAlive) }
    }

    /// Killed: its workers and what they train end with it, and the next run begins with nothing beside it.
    @Test func killedRunsLeaveNothingRunning() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let run = try await Run(scenario)
        try await run.training()
        let all = run.workers + run.trainings
        run.program.kill()
        try await eventually("all of them end") { !all.contains(where: ProcessTree.isAlive) }
    }

    /// What its workers had finished when it was killed is not trained again.
    @Test func killedRunsLoseNothingThatWasFinished() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let run = try await Run(scenario, epochs: 60)
        let coordinator = run.coordinator
        try await eventually("both jobs have begun") {
            try await coordinator.jobs(of: Scenario.name).allSatisfy { $0.state == .leased }
        }
        let all = run.workers
        // The coordinator inside hears nothing of their ends.
        kill(run.number, SIGSTOP)
        let spool = scenario.place.folder.appending(path: "medsweep-state/workers/spool")
        try await eventually("both results wait") { Scenario.waiting(in: spool).count == 2 }
        run.program.kill()
        try await eventually("the workers end") { !all.contains(where: ProcessTree.isAlive) }
        let again = try await run.again()
        #expect(again.status == 0, "\(again.errors)")
        let state = try await run.after()
        try await state.expectReference(2)
        for job in try await state.jobs(of: Scenario.name) {
            #expect(try await state.detail(job.identity).attempts.map(\.outcome) == ["done"])
        }
        #expect(Scenario.waiting(in: spool).isEmpty)
    }

    /// `nohup` wants a closed terminal to be no matter.
    @Test func nohupIsRespected() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 60)
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let worker = try scenario.program(
            "/usr/bin/nohup", [Programs.folder.appending(path: "medsweep-worker").path] + scenario.workerArguments("worker", at: coordinator.address))
        let run = try await Run(scenario, epochs: 60, prefix: ["/usr/bin/nohup"])
        for program in [worker, run.program] { kill(program.process.processIdentifier, SIGHUP) }
        try await coordinator.waitUntilFinished()
        await run.program.ended()
        #expect(run.program.process.terminationStatus == 0, "\(run.program.errors)")
        kill(worker.process.processIdentifier, SIGHUP)
        try await Task.sleep(for: .milliseconds(200))
        #expect(worker.process.isRunning && !worker.errors.contains("leaving"))
    }

    /// Every way in which a worker is told to leave.
    @Test(arguments: [SIGHUP, SIGUSR1, SIGUSR2, SIGINT]) func workersLeaveInOrder(_ signal: Int32) async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 60)
        try await scenario.submit("method=vae", "seed=1", to: coordinator, source: Self.withoutCheckpoints)
        let identity = try await coordinator.onlyJob()
        let worker = try scenario.worker("worker", at: coordinator.address)
        try await coordinator.wait(for: identity, token: 1, epoch: 5)
        kill(worker.process.processIdentifier, signal)
        await worker.ended()
        #expect(worker.process.terminationReason == .exit && worker.process.terminationStatus == 75, "\(worker.errors)")
        let detail = try await coordinator.detail(identity)
        #expect(detail.attempts.map(\.outcome) == ["released"] && detail.record.failedAttempts == 0)
        #expect((detail.record.checkpoint?.work ?? 0) >= 5 * 20)
    }

    /// A signal to worker and training process at once, in the first moments of a job, and twice: it is handed back and has not failed.
    @Test func signalsForEverybodyAreNoCrash() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 60)
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        for round in 1...4 {
            let worker = try scenario.worker("worker-\(round)", at: coordinator.address)
            let number = worker.process.processIdentifier
            // As soon as there is one, whatever it has come to.
            var training: Int32?
            while training == nil {
                training = ProcessTree.children(of: number).first { ProcessTree.arguments(of: $0).contains("run-job") }
                try await Task.sleep(for: .milliseconds(2))
            }
            for process in [training!, number, number] { kill(process, SIGTERM) }
            try await Task.sleep(for: .milliseconds(20))
            kill(number, SIGTERM)
            await worker.ended()
            #expect(worker.process.terminationReason == .exit && worker.process.terminationStatus == 75, "\(worker.errors)")
            let detail = try await coordinator.detail(identity)
            #expect(detail.attempts.map(\.outcome) == Array(repeating: "released", count: round), "\(worker.errors)")
            #expect(detail.record.failedAttempts == 0)
        }
    }
}
