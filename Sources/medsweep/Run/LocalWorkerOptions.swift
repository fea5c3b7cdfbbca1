import ArgumentParser
import Foundation
import Host
import SharedOptions

/// What the worker processes of this machine are started with.
struct LocalWorkerOptions: ParsableArguments {
    @Option(help: "Worker processes that share the threads, the memory and the GPUs. One runs as many jobs at once as fit.")
    var workers = 1

    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        guard (1...256).contains(workers) else { throw ValidationError("--workers takes a number from 1 to 256") }
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
        let asked = compute.chosenDevices
        var gpus: [Int] = []
        // What is wrong is told before anything is begun.
        if workers > 1 || !compute.devices.isEmpty || compute.kernels != .default {
            gpus = try EngineReport.ask(program, devices: asked, kernels: compute.kernels).gpus.map(\.number)
        }
        guard gpus.isEmpty || workers <= gpus.count else {
            throw Failure(
                .usage, "--workers \(workers) is more than there are GPUs (\(gpus.count)); leave it out, since one worker runs as many jobs on a GPU as its memory holds")
        }
        let (allThreads, allMemory) = (compute.threads ?? limits.threads, compute.memory ?? limits.memory / 10 * 9)
        return (0..<workers).map { worker in
            let own = gpus.isEmpty ? asked : gpus.enumerated().filter { $0.offset % workers == worker }.map { .cuda($0.element) }
            var words = own.flatMap { ["--device", "\($0)"] } + ["--kernels", compute.kernels.rawValue]
            if workers > 1 || compute.threads != nil {
                words += ["--threads", "\(max(1, allThreads / workers + (worker < allThreads % workers ? 1 : 0)))"]
            }
            if workers > 1 || compute.memory != nil { words += ["--memory", Self.words(allMemory / Int64(workers))] }
            if let gpuMemory = compute.gpuMemory { words += ["--gpu-memory", Self.words(gpuMemory)] }
            return words
        }
    }
}
