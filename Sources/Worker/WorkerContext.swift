import AnomalyDetection
import Catalogue
import Client
import Foundation
import Host
import Logging
import Synchronization
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
    let folders: WorkerFolders
    /// The instance of the coordinator that answers now.
    let coordinator: KnownCoordinator
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

    var spool: Spool { folders.spool }

    /// Delivers a spooled result: its files, then itself. What cannot be delivered now stays in the spool.
    /// - Returns: whether it is off the spool.
    @discardableResult
    func deliver(_ place: URL) async -> Bool {
        guard let entry = spool.read(place) else {
            // Another may have delivered it where locks do not hold.
            guard FileManager.default.fileExists(atPath: place.path) else { return true }
            logger.error("'\(place.path)' cannot be read and is set aside")
            spool.setAside(place)
            return true
        }
        switch await deliver(entry, file: { place.appending(path: $0) }) {
        case .taken:
            spool.remove(place)
            return true
        case .refused:
            guard FileManager.default.fileExists(atPath: place.path) else { return true }
            logger.error("the result of job \(entry.identity.prefix(12)) is set aside in '\(spool.folder.path)'")
            spool.setAside(place)
            return true
        case .waits: return false
        }
    }

    enum Delivery {
        case taken
        /// By its own coordinator, for good.
        case refused
        case waits
    }

    /// Delivers a result, unless it is another coordinator's.
    /// - Parameter file: where the file with a SHA-256 is.
    func deliver(_ entry: Spool.Entry, file: (String) -> URL) async -> Delivery {
        // Another coordinator, whatever its address, knows nothing of the job, or has given the number to another lease.
        guard entry.request.coordinator == coordinator.instance else { return .waits }
        do {
            for artefact in entry.request.result.artefacts {
                try await client.putArtefact(file(artefact.sha256), sha256: artefact.sha256)
            }
            let answer = try await client.result(entry.identity, entry.request)
            if !answer.recorded { logger.notice("job \(entry.identity.prefix(12)) had its result already") }
            return .taken
        } catch ClientError.problem(let problem) where problem.status == 421 {
            // Another has begun at that address in this very moment.
            coordinator.forget()
            return .waits
        } catch let error as ClientError where !error.isPassing && !error.isForAPerson {
            logger.error("the coordinator does not take the result of job \(entry.identity.prefix(12)): \(error)")
            return .refused
        } catch is CancellationError {
            return .waits
        } catch {
            logger.warning("the result of job \(entry.identity.prefix(12)) waits in '\(spool.folder.path)': \(error)")
            return .waits
        }
    }
}

/// Which coordinator answers at the worker's address: as often as another begins there, it is another instance.
final class KnownCoordinator: Sendable {
    private let latest: Mutex<String?>

    init(_ instance: String? = nil) { latest = Mutex(instance) }

    /// `nil`: none has answered yet.
    var instance: String? { latest.withLock { $0 } }

    /// Until it has answered a question for work again.
    func forget() { latest.withLock { $0 = nil } }

    func note(_ instance: String) { latest.withLock { $0 = instance } }
}

extension ClientError {
    /// Whether the coordinator does not take the token.
    var isRefusal: Bool {
        if case .problem(let problem) = self { problem.status == 401 || problem.status == 403 } else { false }
    }

    /// A wrong token, certificate or address is mended by a person, who should find the results still waiting.
    fileprivate var isForAPerson: Bool {
        switch self {
        case .problem: isRefusal
        case .untrusted, .malformed, .foreign: true
        default: false
        }
    }
}
