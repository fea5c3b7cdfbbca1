import Client
import Report
import Sweep
import Wire

extension ReportFormat {
    /// Whether it shows nothing of a job but its state and metrics.
    var isTable: Bool {
        switch self {
        case .table, .markdown, .latex: true
        case .csv, .json, .html: false
        }
    }
}

extension CoordinatorClient {
    /// All jobs of a sweep with no more of their results than tables show, which is had at once for 100,000 jobs.
    func tableJobs(sweep: String) async throws -> [JobRow] {
        try await results(sweep: sweep).enumerated().map { position, row in
            JobRow(
                position: position, identity: row.identity, job: row.job, state: row.state, failedAttempts: 0,
                result: row.metrics.flatMap { metrics in
                    row.engine.map { engine in
                        JobResult(
                            metrics: metrics, losses: [], artefacts: [], trainingSeconds: 0, wallSeconds: 0, peakMemory: 0, worker: "",
                            host: "", engine: engine)
                    }
                })
        }
    }
}
