import AnomalyDetection
import Catalogue
import Foundation
import Host

#if canImport(Glibc)
import Glibc
#endif

/// The process that looks at the engine and ends: `describe-engine KERNELS DEVICE…`.
public enum DescribeEngineMain {
    /// Prints an ``EngineReport/Answer`` as one line of JSON and returns the exit code.
    /// - Parameter arguments: the words behind the mode's name.
    public static func run(_ arguments: [String]) -> Int32 {
        var output = FileHandle.standardOutput
        let answer: EngineReport.Answer
        do {
            let kernels = arguments.first.flatMap { ProcessorKernels(rawValue: $0) }
            let devices = arguments.dropFirst().map { ComputeDevice($0) }
            guard let kernels, !devices.isEmpty, !devices.contains(nil) else {
                throw HostError("\(EngineReport.command) takes kernels (\(ProcessorKernels.allCases.map(\.rawValue).joined(separator: ", "))) and devices")
            }
            try pin(kernels)
            // What a library prints goes to standard error.
            output = FileHandle(fileDescriptor: dup(STDOUT_FILENO), closeOnDealloc: false)
            dup2(STDERR_FILENO, STDOUT_FILENO)
            answer = .report(
                try EngineReport(devices.compactMap { $0 }, kernels: kernels, gpus: Engine.gpus()) { try Engine.platform(device: $0) })
        } catch {
            answer = .problem("\(error)")
        }
        try? output.write(contentsOf: JSONEncoder().encode(answer) + Data("\n".utf8))
        if case .problem = answer { return 69 }
        return 0
    }

    /// Libraries look at the environment when they are loaded, which they are: the program starts anew in the right one.
    private static func pin(_ kernels: ProcessorKernels) throws {
        let environment = ProcessInfo.processInfo.environment
        let pins = try Engine.environment(kernels: kernels.rawValue).filter { environment[$0.key] != $0.value }
        guard !pins.isEmpty else { return }
        for (name, value) in pins { setenv(name, value, 1) }
        var words: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
        let failure = execv("/proc/self/exe", &words)
        throw HostError("the program cannot start itself anew for the kernels '\(kernels.rawValue)' (\(failure), \(String(cString: strerror(errno))))")
    }
}

extension EngineReport {
    /// - Parameters:
    ///   - gpus: all that libtorch sees, in order.
    ///   - platform: of a device by its name; throws one sentence when it cannot be used.
    init(
        _ devices: [ComputeDevice], kernels: ProcessorKernels, gpus: [(name: String, memory: Int64)],
        platform: (String) throws -> EngineClass.Platform
    ) throws {
        var numbers = devices.compactMap { if case .cuda(let number) = $0 { number } else { nil } }
        let isAutomatic = devices.contains(.automatic)
        if isAutomatic { numbers = Array(gpus.indices) }
        guard let first = numbers.first else {
            let cpu = try platform("cpu")
            // Unheeded pins would promise equal bits and not keep it.
            guard kernels == .default || cpu.kernels.lowercased().contains(kernels.rawValue) else {
                throw HostError("this processor cannot run the kernels '\(kernels.rawValue)' (it has \(cpu.kernels)); choose others with --kernels")
            }
            self.init(platform: cpu)
            return
        }
        let common = try platform("cuda:\(first)")
        var chosen: [GPU] = []
        var remarks: [String] = []
        for number in numbers {
            let own = try platform("cuda:\(number)")
            guard gpus.indices.contains(number) else { throw HostError("there is no GPU cuda:\(number) here; name another with --device") }
            guard own == common else {
                // A worker has one engine class, by which its results are told apart.
                let sentence = "cuda:\(number) is \(own.device) and cuda:\(first) \(common.device); start a worker of its own for it with --device cuda:\(number)"
                guard isAutomatic else { throw HostError(sentence) }
                remarks.append(sentence)
                continue
            }
            chosen.append(GPU(number: number, name: gpus[number].name, memory: gpus[number].memory))
        }
        self.init(platform: common, gpus: chosen, remarks: remarks)
    }
}
