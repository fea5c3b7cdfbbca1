import Crypto
import Foundation
import FoundationNetworking
import Testing
import Wire

/// Looks into a coordinator that tests of outages need.
extension ServedCoordinator {
    /// What a job of a method with maps and reconstructions leaves.
    private static let files: Set = ["scores.json", "weights.safetensors", "maps.bin", "examples.png", "examples.json"]

    func detail(_ identity: String) async throws -> JobDetail { try await get(Routes.job(identity)) }

    /// The identity of the only job.
    func onlyJob() async throws -> String {
        let jobs = try await jobs(of: Scenario.name)
        try #require(jobs.count == 1)
        return jobs[0].identity
    }

    /// All jobs of a sweep of any size, in order.
    func allJobs(of sweep: String) async throws -> [JobRow] {
        var jobs: [JobRow] = []
        var after = -1
        while true {
            let page: JobPage = try await get(Routes.jobs(sweep: sweep) + "?limit=1000&after=\(after)")
            jobs += page.jobs
            guard let next = page.next else { return jobs }
            after = next
        }
    }

    /// Waits until the job has been trained for `epoch` epochs under its lease number `token`.
    func wait(for identity: String, token: Int64, epoch: Int = 1) async throws {
        try await eventually("lease \(token) reaches epoch \(epoch)") {
            let detail = try await self.detail(identity)
            return detail.record.token >= token && (detail.progress?.epoch ?? 0) >= epoch || detail.result != nil
        }
        let record = try await detail(identity).record
        try #require(record.token == token && record.state == .leased, "the job went on too fast: \(record)")
    }

    /// Waits until every job has ended.
    func waitUntilFinished(_ sweep: String = Scenario.name) async throws {
        let _: SweepStatus = try await eventually("sweep '\(sweep)' ends") {
            let status: SweepStatus = try await self.get(Routes.sweep(sweep))
            return status.isFinished ? status : nil
        }
    }

    /// Every one of `count` jobs has exactly one result, the one of the uninterrupted run, and its files are there.
    func expectReference(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let reference = try await Reference.outcomes()
        let jobs = try await jobs(of: Scenario.name)
        #expect(jobs.count == count && Set(jobs.map(\.identity)).count == count, sourceLocation: sourceLocation)
        for job in jobs {
            #expect(job.state == .done, sourceLocation: sourceLocation)
            guard let result = job.result else { continue }
            #expect(JobOutcome(result) == reference[job.identity], sourceLocation: sourceLocation)
            #expect(Set(result.artefacts.map(\.name)) == Self.files, sourceLocation: sourceLocation)
            for artefact in result.artefacts {
                let (bytes, _) = try await URLSession.shared.data(from: URL(string: address + Routes.artefact(artefact.sha256))!)
                let digest = SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                #expect(digest == artefact.sha256 && Int64(bytes.count) == artefact.size, sourceLocation: sourceLocation)
            }
            let detail = try await detail(job.identity)
            #expect(
                detail.attempts.count { $0.outcome == "done" } == 1 && !detail.attempts.contains { $0.outcome == nil },
                "\(detail.attempts)", sourceLocation: sourceLocation)
        }
    }
}
