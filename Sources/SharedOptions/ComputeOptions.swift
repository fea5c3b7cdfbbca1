import ArgumentParser
import Foundation
import Host
import Sweep

extension ProcessorKernels: ExpressibleByArgument {}

/// What worker processes compute with and keep, whoever starts them.
public struct ComputeOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("device"),
        help: "Where to train: auto (every GPU there is, else the processor), cpu, or cuda:N, which may be given several times (default: auto).",
        transform: device)
    public var devices: [ComputeDevice] = []

    @Option(help: "The processor's kernels: avx2 or avx512 for the same last digits on different processors, or default.")
    public var kernels = ProcessorKernels.default

    @Option(help: "Compute threads to fill with jobs (default: the processors that this process may use).")
    public var threads: Int?

    @Option(help: "Memory to fill with jobs, e.g. 16GiB (default: nine tenths of what this process may use).", transform: size)
    public var memory: Int64?

    @Option(help: "Memory of each GPU to fill with jobs (default: 95 % of what is free).", transform: size)
    public var gpuMemory: Int64?

    @Option(help: "Where decoded images are kept (default: $XDG_CACHE_HOME/medsweep or ~/.cache/medsweep; another place where it cannot be written).")
    public var cache: String?

    @Option(help: "A folder of pretrained weights, filled by `medsweep weights add` (default: $MEDSWEEP_WEIGHTS or ~/.medsweep/weights). Sweeps ask for its files by their names without extension.")
    public var weights: String?

    @Option(help: "Seconds that jobs are given to write a checkpoint when they are told to stop; keep it below what your batch system gives.")
    public var grace = 60.0

    public init() {}

    public func validate() throws {
        if let threads, !(1...4096).contains(threads) { throw ValidationError("--threads takes a number from 1 to 4096") }
        if let problem = ComputeDevice.problem(with: devices) { throw ValidationError(problem) }
        guard (0...86_400).contains(grace) else { throw ValidationError("--grace takes seconds from 0 to 86400") }
    }

    /// The devices that were named, or all there are.
    public var chosenDevices: [ComputeDevice] { devices.isEmpty ? [.automatic] : devices }

    private static func device(_ text: String) throws -> ComputeDevice {
        guard let device = ComputeDevice(text) else { throw ValidationError("'\(text)' is no device; write auto, cpu or cuda:N") }
        return device
    }

    private static func size(_ text: String) throws -> Int64 {
        guard let size = ByteSize.bytes(text), size > 0 else { throw ValidationError("'\(text)' is no size; write it like 512MiB or 16GiB") }
        return size
    }
}
