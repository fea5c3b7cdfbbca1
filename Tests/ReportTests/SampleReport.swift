import Catalogue
import Foundation
import Sweep
import Wire

@testable import Report

/// Reports of made-up jobs.
enum SampleReport {
    static func job(
        _ method: String, _ dataset: String, _ seed: Int, auc: Double?, state: JobState = .done, settings: Settings = [:],
        kernels: String = "avx2", notes: [String] = []
    ) -> JobRow {
        let job = JobDescription(
            method: method,
            configuration: Catalogue.method(method)!.resolve([:], for: .custom(dataset)).merging(settings) { $1 },
            dataset: dataset, fingerprint: "f", seed: seed)
        let result = auc.map {
            JobResult(
                metrics: ["auc": $0, "ap": $0 / 2], losses: [0.5, 0.25, 0.125], artefacts: [], trainingSeconds: 3,
                wallSeconds: 4, peakMemory: 300 << 20, worker: "w,1", host: "h", engine: engine(kernels), notes: notes)
        }
        return JobRow(position: seed, identity: job.identity, job: job, state: state, failedAttempts: 0, result: result)
    }

    static func engine(_ kernels: String = "avx2") -> EngineClass {
        EngineClass(platform: .init(device: "cpu", libtorch: "2.13.0", kernels: kernels), precision: .float32, threads: 2)
    }

    static func status(_ jobs: [JobRow], name: String = "s") -> SweepStatus {
        let failing = jobs.filter { $0.state == .quarantined }.map {
            SweepStatus.FailingJob(
                identity: $0.identity, method: $0.job.method, dataset: $0.job.dataset, seed: $0.job.seed,
                error: "the PNG image 'a<b>.png' is damaged")
        }
        return SweepStatus(
            name: name, submitted: 0, jobs: Dictionary(grouping: jobs, by: \.state).mapValues(\.count), total: jobs.count,
            progress: 1, remaining: nil, running: [], failing: failing, policy: SweepPolicy())
    }

    /// Four scores for every job with a result, one of them tied.
    static func scores(_ jobs: [JobRow]) -> [String: ImageScores] {
        let scores = jobs.filter { $0.result != nil }.map {
            ($0.identity, ImageScores(names: ["a", "b", "c"], labels: [0, 1, 1], scores: [0.1, 0.4, 0.1]))
        }
        return Dictionary(scores) { first, _ in first }
    }
}
