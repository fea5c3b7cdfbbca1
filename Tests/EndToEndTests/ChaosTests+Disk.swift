import Foundation
import FoundationNetworking
import TestSupport
import Testing
import Wire

extension ChaosTests {
    /// The coordinator's disk is full: files are refused, questions are answered, and once there is room again the
    /// results arrive.
    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a small file system in memory takes the right to mount"))
    func fullDisk() async throws {
        let scenario = try Scenario()
        let disk = try SmallDisk(on: scenario.place.folder.appending(path: "served-state"), megabytes: 24)
        defer {
            scenario.end()
            // Before the folder is removed.
            disk.end()
        }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit("method=vae", "seed=0", to: coordinator)
        let identity = try await coordinator.onlyJob()
        let worker = try scenario.worker("worker", at: coordinator.address)
        try await coordinator.wait(for: identity, token: 1, epoch: 10)

        disk.fill()
        var put = URLRequest(url: URL(string: coordinator.address + Routes.artefact(String(repeating: "0", count: 64)))!)
        put.httpMethod = "PUT"
        put.httpBody = Data(repeating: 7, count: 1 << 18)
        let upload = put
        // What the coordinator gives up at that moment (a checkpoint that a newer one replaced) may leave room for one more.
        try await eventually("files are refused") {
            let (body, answer) = try await URLSession.shared.data(for: upload)
            guard (answer as? HTTPURLResponse)?.statusCode == 507 else { return false }
            return try WireCoding.decode(Problem.self, from: body).title == "disk full"
        }

        try await eventually("the result waits") { scenario.waiting(in: "worker") == ["\(identity)-1"] }
        // Both for as long as it lasts; the one may say that it is not well.
        for _ in 0..<5 {
            let (_, health) = try await URLSession.shared.data(from: URL(string: coordinator.address + Routes.health)!)
            #expect([200, 503].contains((health as? HTTPURLResponse)?.statusCode))
            let sweep: SweepStatus = try await coordinator.get(Routes.sweep(Scenario.name))
            #expect(sweep.total == 1 && !sweep.isFinished)
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(scenario.waiting(in: "worker") == ["\(identity)-1"], "nothing is set aside: \(worker.errors)")

        try disk.free()
        try await coordinator.waitUntilFinished()
        try await eventually("the result has left") { scenario.waiting(in: "worker").isEmpty }
        try await coordinator.expectReference(1)
        let (_, health) = try await URLSession.shared.data(from: URL(string: coordinator.address + Routes.health)!)
        #expect((health as? HTTPURLResponse)?.statusCode == 200)
    }

    /// A worker's own log cannot be written any more: it works on.
    @Test func logOnAFullDisk() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit("method=ae", "seed=0", to: coordinator)
        let worker = try scenario.program(
            "/bin/sh",
            ["-c", "exec \"$0\" \"$@\" 2>/dev/full", Programs.folder.appending(path: "medsweep-worker").path]
                + scenario.workerArguments("worker", at: coordinator.address))
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(1)
        #expect(worker.process.isRunning)
    }

    /// Checkpoints that the coordinator's disk has lost or damaged: the job begins anew instead of failing for ever.
    @Test func lostCheckpoints() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator()
        try await scenario.submit("method=ae", "seed=1", to: coordinator)
        let identity = try await coordinator.onlyJob()
        var known: String?
        for round in 1...2 {
            let worker = try scenario.worker("worker-\(round)", at: coordinator.address)
            let before = known
            try await eventually("checkpoint \(round) is there") {
                let record = try await coordinator.detail(identity).record
                return record.state == .leased && record.checkpoint != nil && record.checkpoint?.sha256 != before
            }
            ProcessTree.kill(worker.process.processIdentifier)
            await worker.ended()
            try await eventually("the lease runs out") { try await coordinator.detail(identity).record.state == .pending }
            let digest = try #require(try await coordinator.detail(identity).record.checkpoint?.sha256)
            let file = coordinator.state.appending(path: "artefacts/\(digest.prefix(2))/\(digest)")
            if round == 1 {
                try FileManager.default.removeItem(at: file)
            } else {
                var bytes = try Data(contentsOf: file)
                bytes[bytes.count / 2] ^= 1
                try bytes.write(to: file)
            }
            known = digest
        }
        let last = try scenario.worker("worker-3", at: coordinator.address)
        try await coordinator.waitUntilFinished()
        try await coordinator.expectReference(1)
        #expect(try await coordinator.detail(identity).attempts.map(\.outcome) == ["expired", "expired", "done"])
        #expect(last.errors.contains("begins anew"), "\(last.errors)")
    }
}
