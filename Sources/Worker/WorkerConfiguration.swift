import Catalogue
import Datasets
import Foundation
import Host

/// How a worker runs.
public struct WorkerConfiguration: Sendable {
    public var coordinator: URL
    public var dataFolders: [URL]
    /// Where to compute.
    public var devices: [ComputeDevice]
    /// The kernels that training processes are pinned to.
    public var kernels: ProcessorKernels
    /// Compute threads to fill with jobs; `nil`: as many as this process may use processors.
    public var threads: Int?
    /// Bytes of memory to fill with jobs; `nil`: nine tenths of what this process may use.
    public var memory: Int64?
    /// Bytes of each GPU's memory to fill with jobs; `nil`: nearly all that is free at the start.
    public var gpuMemory: Int64?
    /// The most jobs at once; `nil`: as many as fit.
    public var jobs: Int?
    public var cacheDirectory: URL
    /// Where complete results wait for delivery; `nil`: in the cache.
    public var spoolDirectory: URL?
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
        coordinator: URL, dataFolders: [URL], devices: [ComputeDevice] = [.automatic], kernels: ProcessorKernels = .default,
        threads: Int? = nil, memory: Int64? = nil, gpuMemory: Int64? = nil, jobs: Int? = nil,
        cacheDirectory: URL = LocalDatasets.defaultCacheDirectory, spoolDirectory: URL? = nil, token: String? = nil,
        certificates: URL? = nil, name: String? = nil, grace: Double = 60, exitWhenIdle: Double? = nil, tags: [String] = [],
        weightsFolder: URL? = nil, isNoOp: Bool = false
    ) {
        self.coordinator = coordinator
        self.dataFolders = dataFolders
        self.devices = devices
        self.kernels = kernels
        self.threads = threads
        self.memory = memory
        self.gpuMemory = gpuMemory
        self.jobs = jobs
        self.cacheDirectory = cacheDirectory
        self.spoolDirectory = spoolDirectory
        self.token = token
        self.certificates = certificates
        self.name = name ?? "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
        self.grace = grace
        self.exitWhenIdle = exitWhenIdle
        self.tags = tags
        self.weightsFolder = weightsFolder
        self.isNoOp = isNoOp
    }

    /// What the worker offers on the given GPUs, those of none for the processor.
    func resources(_ gpus: [EngineReport.GPU], limits: HostLimits = HostLimits()) -> WorkerResources {
        // Nothing is trained, so that nothing but the number of jobs bounds what is asked for.
        if isNoOp { return WorkerResources(threads: 4096, memory: 1 << 50) }
        return WorkerResources(
            threads: threads ?? limits.threads, memory: memory ?? limits.memory / 10 * 9,
            // A little is left for what drivers and other programs take later.
            gpus: gpus.map { gpuMemory ?? $0.memory / 100 * 95 })
    }
}

/// Why a worker cannot run: one sentence with the mend.
public struct WorkerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case noData
        case noWeights
        /// A device or its kernels are not there.
        case noEngine
        case cannotStart
        /// There is no folder for what has to be kept.
        case noPlace
        /// The coordinator refuses the worker's token.
        case refused
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
