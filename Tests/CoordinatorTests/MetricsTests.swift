import Foundation
import FoundationNetworking
import Sweep
import Testing
import Wire

@testable import Coordinator

@Suite struct MetricsTests {
    @Test func histogramsCumulateAndLabelsAreEscaped() {
        var histogram = Histogram([1, 2])
        for value in [0.5, 1, 1.5, 3] { histogram.add(value) }
        #expect(histogram.counts == [2, 1, 1] && histogram.sum == 6)
        var figures = StoreFigures()
        figures.sweeps = [("a\"b\\c\nd", "done", 3)]
        let text = MetricsText(figures, .init(), [(.init(method: "GET", route: "/x", status: "2xx"), histogram)]).text
        let labels = "medsweep_http_request_seconds_bucket{method=\"GET\",route=\"/x\",status=\"2xx\""
        #expect(text.contains("\(labels),le=\"1.0\"} 2.0\n\(labels),le=\"2.0\"} 3.0\n\(labels),le=\"+Inf\"} 4.0\n"))
        #expect(text.contains(#"medsweep_sweep_jobs{sweep="a\"b\\c\nd",state="done"} 3.0"#))
        #expect(!text.contains("\nmedsweep_oldest_lease_age_seconds "))
    }

    @Test func aServerTellsOfItsJobsAndDisks() async throws {
        let served = try await DoorServer()
        let source = "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: \"range(0, 3)\"}\n"
        let submit = SubmitRequest(source: source, file: "s.yaml", overrides: [], contents: ["brain": .init(fingerprint: "f")])
        #expect(try await served.status("POST", Routes.sweeps, String(decoding: WireCoding.encode(submit), as: UTF8.self)) == 200)
        #expect(try await served.status("GET", Routes.job(String(repeating: "0", count: 64))) == 404)
        func get(_ path: String) async throws -> Data {
            try await URLSession.shared.data(from: URL(string: "http://127.0.0.1:\(served.port)\(path)")!).0
        }
        let text = String(decoding: try await get(Routes.metrics), as: UTF8.self)
        #expect(text.contains("medsweep_jobs{state=\"pending\"} 3.0\n"))
        #expect(text.contains("medsweep_sweep_jobs{sweep=\"s\",state=\"pending\"} 3.0\n"))
        #expect(text.contains("_count{method=\"GET\",route=\"/v1/jobs/{identity}\",status=\"4xx\"} 1.0\n"))
        #expect(text.contains("medsweep_store_commit_seconds_count "))
        let health = try WireCoding.decode(Health.self, from: try await get(Routes.health))
        #expect(health.disks.map(\.folder) == ["state", "artefacts"])
        #expect(health.disks.allSatisfy { $0.free > 0 && $0.isLow == ($0.free < 1 << 30) })
        #expect((health.status == "degraded") == health.disks.contains { $0.isLow })
        try await served.end()
    }

    @Test func badQueriesAndNamesAreRefused() async throws {
        let served = try await DoorServer()
        for query in ["after=x", "limit=many", "wait=long", "wait=nan"] {
            #expect(try await served.status("GET", Routes.events + "?" + query) == 400)
        }
        let source = "sweep: s\nfixed: {epochs: 2}\nmatrix: {method: ae, dataset: brain, seed: 0}\n"
        let submit = SubmitRequest(source: source, file: "s.yaml", overrides: [], contents: ["brain": .init(fingerprint: "f")])
        #expect(try await served.status("POST", Routes.sweeps, String(decoding: WireCoding.encode(submit), as: UTF8.self)) == 200)
        #expect(try await served.status("GET", Routes.jobs(sweep: "%73") + "?state=pending") == 200)
        #expect(try await served.status("GET", Routes.jobs(sweep: "s") + "?state=asleep") == 400)
        #expect(try await served.status("GET", Routes.sweep("%ff")) == 400)
        try await served.end()
    }

    @Test func everyRoleMayReadMetricsAndNobodyElse() async throws {
        let served = try await DoorServer { configuration in
            let file = URL.temporaryDirectory.appending(path: "medsweep-tokens-\(UUID().uuidString)")
            try Data("worker worker-token-123456\noperator operator-token-1234\n".utf8).write(to: file)
            configuration.tokenFile = file
        }
        #expect(try await served.status("GET", Routes.metrics) == 401)
        #expect(try await served.status("GET", Routes.metrics, token: "worker-token-123456") == 200)
        #expect(try await served.status("GET", Routes.metrics, token: "operator-token-1234") == 200)
        try await served.end()
    }
}
