import AnomalyDetection
import Catalogue
import Client
import Foundation
import Host
import Logging
import Wire

/// What all jobs of a worker share.
struct WorkerContext: Sendable {
    struct Dataset: Sendable {
        let folder: URL
        let content: DatasetContent
    }

    let description: WorkerDescription
    /// The GPUs that places are numbered by; empty: jobs run on the processor.
    let gpus: [EngineReport.GPU]
    /// What training processes are started in.
    let environment: TrainingEnvironment
    let client: CoordinatorClient
    /// Impatient: a late heartbeat is worth less than the next one.
    let heartbeatClient: CoordinatorClient
    let datasets: [String: Dataset]
    let weights: PretrainedWeights
    let cacheDirectory: URL
    /// Folders of running jobs; emptied at the worker's end.
    let workFolder: URL
    let spool: Spool
    /// The program that trains: this one.
    let executable: URL
    let logger: Logger

    /// The training core's name of a place.
    func device(at place: WorkerResources.Place) -> String {
        switch place {
        case .cpu: "cpu"
        case .gpu(let index): "cuda:\(gpus[index].number)"
        }
    }

    /// Delivers a spooled result: its files, then itself. What cannot be delivered now stays in the spool.
    /// - Returns: whether it is off the spool.
    @discardableResult
    func deliver(_ place: URL) async -> Bool {
        guard let entry = spool.read(place) else {
            logger.error("'\(place.path)' cannot be read and is set aside")
            spool.setAside(place)
            return true
        }
        do {
            for artefact in entry.request.result.artefacts {
                try await client.putArtefact(place.appending(path: artefact.sha256), sha256: artefact.sha256)
            }
            let answer = try await client.result(entry.identity, entry.request)
            if !answer.recorded { logger.notice("job \(entry.identity.prefix(12)) had its result already") }
            spool.remove(place)
            return true
        } catch let error as ClientError where !error.isPassing && !error.isForAPerson {
            logger.error("the coordinator does not take the result of job \(entry.identity.prefix(12)), which is set aside in '\(spool.folder.path)': \(error)")
            spool.setAside(place)
            return true
        } catch {
            logger.warning("the result of job \(entry.identity.prefix(12)) waits in '\(spool.folder.path)': \(error)")
            return false
        }
    }
}

extension ClientError {
    /// A wrong token, certificate or address is mended by a person, who should find the results still waiting.
    fileprivate var isForAPerson: Bool {
        switch self {
        case .problem(let problem): problem.status == 401 || problem.status == 403
        case .untrusted, .malformed: true
        default: false
        }
    }
}
