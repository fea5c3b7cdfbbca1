import ArgumentParser
import Foundation
import Host
import Sweep

extension ProcessorKernels: ExpressibleByArgument {}

/// What the worker processes of this machine are started with.
struct LocalWorkerOptions: ParsableArguments {
    @Option(help: "Worker processes that share the threads, the memory and the GPUs. One runs as many jobs at once as fit.")
    var workers = 1

    @Option(
        name: .customLong("device"),
        help: "Where to train: auto (every GPU there is, else the processor), cpu, or cuda:N, which may be given several times (default: auto).",
        transform: device)
    var devices: [ComputeDevice] = []

    @Option(help: "The processor's kernels: avx2 or avx512 for the same last digits on different processors, or default.")
    var kernels = ProcessorKernels.default

    @Option(help: "Compute threads to fill with jobs (default: the processors that this process may use).")
    var threads: Int?

    @Option(help: "Memory to fill with jobs, e.g. 16GiB (default: nine tenths of what this process may use).", transform: size)
    var memory: Int64?

    @Option(help: "Memory of each GPU to fill with jobs (default: 95 % of what is free).", transform: size)
    var gpuMemory: Int64?

    func validate() throws {
        guard (1...256).contains(workers) else { throw ValidationError("--workers takes a number from 1 to 256") }
        if let threads, !(1...4096).contains(threads) { throw ValidationError("--threads takes a number from 1 to 4096") }
        if let problem = ComputeDevice.problem(with: devices) { throw ValidationError(problem) }
    }

    private static func device(_ text: String) throws -> ComputeDevice {
        guard let device = ComputeDevice(text) else { throw ValidationError("'\(text)' is no device; write auto, cpu or cuda:N") }
        return device
    }

    private static func size(_ text: String) throws -> Int64 {
        guard let size = ByteSize.bytes(text), size > 0 else { throw ValidationError("'\(text)' is no size; write it like 512MiB or 16GiB") }
        return size
    }

    /// A size as a worker's command line takes it.
    private static func words(_ bytes: Int64) -> String { "\(max(1, bytes >> 20))MiB" }

    /// The command lines of the workers, as far as they are about what those compute with. One worker finds out by itself what
    /// there is.
    /// - Parameters:
    ///   - program: is asked for GPUs where that matters.
    ///   - limits: what this process may use.
    /// - Throws: ``HostError``: a device is not there; ``Failure``: there are more workers than GPUs.
    func arguments(program: URL, limits: HostLimits = HostLimits()) throws -> [[String]] {
        let asked = devices.isEmpty ? [ComputeDevice.automatic] : devices
        var gpus: [Int] = []
        // What is wrong is told before anything is begun.
        if workers > 1 || !devices.isEmpty || kernels != .default {
            gpus = try EngineReport.ask(program, devices: asked, kernels: kernels).gpus.map(\.number)
        }
        guard gpus.isEmpty || workers <= gpus.count else {
            throw Failure(
                .usage, "--workers \(workers) is more than there are GPUs (\(gpus.count)); leave it out, since one worker runs as many jobs on a GPU as its memory holds")
        }
        let (allThreads, allMemory) = (threads ?? limits.threads, memory ?? limits.memory / 10 * 9)
        return (0..<workers).map { worker in
            let own = gpus.isEmpty ? asked : gpus.enumerated().filter { $0.offset % workers == worker }.map { .cuda($0.element) }
            var words = own.flatMap { ["--device", "\($0)"] } + ["--kernels", kernels.rawValue]
            if workers > 1 || threads != nil {
                words += ["--threads", "\(max(1, allThreads / workers + (worker < allThreads % workers ? 1 : 0)))"]
            }
            if workers > 1 || memory != nil { words += ["--memory", Self.words(allMemory / Int64(workers))] }
            if let gpuMemory { words += ["--gpu-memory", Self.words(gpuMemory)] }
            return words
        }
    }
}
