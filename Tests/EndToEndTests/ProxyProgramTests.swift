import Foundation
import TestSupport
import Testing
import Wire

/// Proxies between the programs, and those that the environment names.
@Suite(.serialized) struct ProxyProgramTests {
    /// Every hospital sets one: a run on one machine has nothing to do with it.
    @Test func runsReachThemselvesWithoutAProxy() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let proxy = AnsweringServer { _ in .init("<html>", status: 502) }
        let file = try scenario.place.write(Scenario.sweep.replacing("epochs: 60", with: "epochs: 1"), to: "chaos.yaml")
        let run = try scenario.program(
            "/usr/bin/env",
            ["http_proxy=\(proxy.address)", "all_proxy=\(proxy.address)", Programs.folder.appending(path: "medsweep").path, "run", file,
             "method=ae", "--data", scenario.place.data.path])
        await run.ended()
        #expect(run.process.terminationStatus == 0, "\(run.errors)")
        #expect(proxy.requests.isEmpty)
    }

    /// A proxy before the coordinator lets no body through that is as large as a result's files, and goes away for a while: the job is
    /// trained once, and its lease lives on until the result is there.
    @Test func limitsOfProxiesCostNothing() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 3, heartbeat: 0.2)
        let proxy = scenario.proxy(to: coordinator, bodyLimit: 1_000_000)
        // Weights of more than a megabyte.
        let source = Scenario.sweep.replacing("hidden_size: 16", with: "hidden_size: 4096").replacing("epochs: 60", with: "epochs: 2")
        try await scenario.submit("method=ae", "seed=0", to: coordinator, source: source)
        let worker = try scenario.worker("worker", at: proxy.address)
        try await coordinator.waitUntilFinished()
        let identity = try await coordinator.onlyJob()
        let detail = try await coordinator.detail(identity)
        #expect(detail.attempts.map(\.outcome) == ["done"], "\(worker.errors)")
        let files = try #require(detail.result?.artefacts)
        #expect(files.contains { $0.size > 1_000_000 })
        for file in files {
            let bytes = try await coordinator.bytes(Routes.artefact(file.sha256))
            #expect(Int64(bytes.count) == file.size)
        }
        #expect(proxy.refused > 0 && !worker.errors.contains("set aside"), "\(worker.errors)")
    }
}
