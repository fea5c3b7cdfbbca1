import Catalogue
import Foundation

/// What a worker on this machine would compute with, as `medsweep-worker describe-engine` prints it. That is a process of its own,
/// since looking at GPUs loads CUDA for good, and kernels can be pinned only before libtorch is loaded.
public struct EngineReport: Codable, Sendable, Hashable {
    /// What decides the last digits of its numbers.
    public var platform: EngineClass.Platform
    /// The GPUs that were asked for; empty: it computes on its processor.
    public var gpus: [GPU]
    /// What a person should know, one sentence each.
    public var remarks: [String]

    public init(platform: EngineClass.Platform, gpus: [GPU] = [], remarks: [String] = []) {
        self.platform = platform
        self.gpus = gpus
        self.remarks = remarks
    }

    /// One GPU.
    public struct GPU: Codable, Sendable, Hashable {
        /// As in `cuda:0`.
        public var number: Int
        /// e.g. `NVIDIA H200`.
        public var name: String
        /// Bytes of its memory that nobody uses.
        public var memory: Int64

        public init(number: Int, name: String, memory: Int64) {
            self.number = number
            self.name = name
            self.memory = memory
        }
    }

    /// What the process prints: a report, or one sentence.
    public enum Answer: Codable, Sendable {
        case report(EngineReport)
        case problem(String)
    }

    /// The first word of the process's command line; the kernels and the devices follow.
    public static let command = "describe-engine"

    /// Asks a worker program.
    /// - Throws: ``HostError``: a device is not there, or the program does not answer.
    public static func ask(
        _ program: URL, devices: [ComputeDevice], kernels: ProcessorKernels
    ) throws(HostError) -> EngineReport {
        let process = Process()
        process.executableURL = program
        process.arguments = [command, kernels.rawValue] + devices.map(\.description)
        // Swift's runtime would look at a crashed process for a minute before it lets it go.
        process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw HostError("cannot start '\(program.path)': \(error.localizedDescription)")
        }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard let answer = try? JSONDecoder().decode(Answer.self, from: bytes) else {
            let end = process.terminationReason == .uncaughtSignal ? "signal" : "status"
            throw HostError(
                "'\(program.lastPathComponent)' cannot use \(devices.map(\.description).joined(separator: ", ")) with the kernels '\(kernels.rawValue)': it ended with \(end) \(process.terminationStatus); choose others with --device and --kernels")
        }
        switch answer {
        case .report(let report): return report
        case .problem(let sentence): throw HostError(sentence)
        }
    }
}

/// What this machine does not have: one sentence with the mend.
public struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
