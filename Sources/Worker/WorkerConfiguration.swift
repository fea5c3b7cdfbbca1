import Datasets
import Foundation

/// How a worker runs.
public struct WorkerConfiguration: Sendable {
    public var coordinator: URL
    public var dataFolders: [URL]
    /// Compute threads to fill with jobs; a job takes as many as its setting `threads`.
    public var slots: Int
    public var device: String
    public var cacheDirectory: URL
    /// Where complete results wait for delivery.
    public var spoolDirectory: URL
    public var token: String?
    public var certificates: URL?
    public var name: String
    /// Seconds that jobs are given to write a checkpoint when the worker is asked to leave.
    public var grace: Double
    /// Leave after so many seconds without work; `nil`: stay.
    public var exitWhenIdle: Double?
    /// Words that sweeps can ask for.
    public var tags: [String]
    /// A folder of pretrained weights, one file each; `nil`: the usual one, if it is there.
    public var weightsFolder: URL?
    /// Answer each job at once without training, to measure a coordinator.
    public var isNoOp: Bool

    public init(
        coordinator: URL, dataFolders: [URL], slots: Int = ProcessInfo.processInfo.activeProcessorCount,
        device: String = "cpu", cacheDirectory: URL = LocalDatasets.defaultCacheDirectory, spoolDirectory: URL? = nil,
        token: String? = nil, certificates: URL? = nil, name: String? = nil, grace: Double = 60,
        exitWhenIdle: Double? = nil, tags: [String] = [], weightsFolder: URL? = nil, isNoOp: Bool = false
    ) {
        self.coordinator = coordinator
        self.dataFolders = dataFolders
        self.slots = slots
        self.device = device
        self.cacheDirectory = cacheDirectory
        self.spoolDirectory = spoolDirectory ?? cacheDirectory.appending(path: "spool")
        self.token = token
        self.certificates = certificates
        self.name = name ?? "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
        self.grace = grace
        self.exitWhenIdle = exitWhenIdle
        self.tags = tags
        self.weightsFolder = weightsFolder
        self.isNoOp = isNoOp
    }
}

/// Why a worker cannot run: one sentence with the mend.
public struct WorkerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case noData
        case noWeights
        case cannotStart
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
