import Catalogue
import Foundation
import Torch

/// What is checked and measured of a GPU, part by part, each told of as it ends.
final class GPUBench {
    private let device: String
    private let methods: [MethodDescription]
    private let data: String?
    private let deadline: Double
    private let folder: URL
    private let rounds: MethodRounds
    private let progress = ProgressLine()

    /// How far a loss may be from the CPU's, over its size, and after how many steps.
    private static let tolerance = 1e-3
    private static let steps = 20

    init(device: String, methods: [MethodDescription], data: String?, limit: Double, python: Python?) throws {
        self.device = device
        self.methods = methods
        self.data = data
        deadline = MonotonicClock.seconds + limit
        folder = URL.temporaryDirectory.appending(path: "medsweep-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        rounds = MethodRounds(folder: folder, python: python)
    }

    /// Why a device cannot be used, in one sentence.
    static func problem(_ device: String) -> String? {
        do throws(TorchError) {
            _ = try Device(device)
            return nil
        } catch {
            return error.message
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// - Returns: whether every check passed.
    func run() throws -> Bool {
        let isEnough = try exhaustion()
        try sideBySide()
        let areEqual = try agreement()
        try speed()
        return isEnough && areEqual
    }

    private func tell(_ text: String) {
        progress.clear()
        print(text)
        // Whatever ends the program, what was measured is known.
        fflush(nil)
    }

    /// Calls `body` for the methods one after the other as long as there is time, and names those that are left.
    private func forEachMethod(_ part: String, until deadline: Double, _ body: (MethodDescription) throws -> Void) throws {
        for (index, method) in methods.enumerated() {
            guard MonotonicClock.seconds < deadline else {
                return tell("  no time for: " + methods[index...].map(\.name).joined(separator: ", "))
            }
            progress.show("\(part): \(method.name)")
            try body(method)
        }
    }

    // MARK: Agreement

    /// The sizes at which the CPU keeps up.
    private func small(_ method: MethodDescription) -> Settings {
        var changes: Settings = [:]
        let names = Set(method.options.map(\.name))
        for (name, value) in ["batch_size": 16, "base_channels": 8, "candidates": 400] as [String: Setting] where names.contains(name) {
            changes[name] = value
        }
        if method.name.hasPrefix("fae") || !names.contains("batch_size") { changes["input_size"] = 64 }
        return changes
    }

    private func agreement() throws -> Bool {
        tell("\nthe first \(Self.steps) losses, or scores of a method without any, beside the CPU's: largest difference over their size")
        var isEqual = true
        try forEachMethod("agreement", until: deadline) { method in
            let difference: Double
            do {
                let values = try ["cpu", device].map { device in
                    // A second thread gains nothing with so little to do.
                    var workload = try Workload(method, device: device, threads: 1, seconds: 0, changes: small(method))
                    // One batch is an epoch, whose loss is told.
                    workload.images = workload.batchSize > 0 ? workload.batchSize : 32
                    return try rounds.losses(workload, epochs: Self.steps)
                }
                difference = values[0].count == values[1].count
                    ? zip(values[0], values[1]).map { abs($0 - $1) / max(abs($0), 1e-6) }.max() ?? .infinity : .infinity
            } catch {
                isEqual = false
                return tell("  \(method.name): \(error)")
            }
            let isClose = difference <= Self.tolerance
            isEqual = isEqual && isClose
            tell("  \(method.name): \(scientific(difference))" + (isClose ? "" : ", more than \(scientific(Self.tolerance))"))
        }
        return isEqual
    }

    // MARK: Speed

    private func speed() throws {
        var speeds: [MethodSpeed] = []
        let memory = GPUMemory(device)
        tell("\nat defaults on \(device), one round; peak MiB is of main memory" + (rounds.python == nil ? "" : ", theirs is PyTorch"))
        try forEachMethod("speed", until: deadline) { method in
            do {
                let workload = try Workload(method, device: device, threads: 2, seconds: 0.5)
                speeds.append(try rounds.measure(workload, rounds: 1))
            } catch {
                tell("  \(method.name): \(error)")
            }
        }
        tell(MethodsBench.table(speeds))
        if let peak = memory.stop() { tell("  most of the GPU's memory that was taken: \(peak) MiB") }
    }

    // MARK: Side by side

    private func sideBySide() throws {
        guard let method = Catalogue.method("ae") else { return }
        tell("\njobs of AE side by side: training images a second of all")
        for count in [1, 4, 8] {
            progress.show("\(count) side by side")
            let memory = GPUMemory(device)
            let workload = try Workload(method, device: device, threads: 1, seconds: 4)
            let rates = try rounds.together(workload, count: count).map(\.training)
            let all = rates.reduce(0, +)
            tell("  \(count): \(decimal(all, 0)) (\(decimal(all / Double(count), 0)) each)"
                + (memory.stop().map { ", \($0) MiB of the GPU's memory" } ?? ""))
        }
    }

    // MARK: Out of memory

    private func exhaustion() throws -> Bool {
        guard let data else {
            tell("a job that does not fit: not tried, as there is no --data")
            return true
        }
        progress.show("a job that does not fit")
        let process = try ChildProcess(
            Programs.this, ["exhaust", "--data", data, "--device", device], output: folder.appending(path: "exhaust"))
        do { try process.wait() } catch {
            tell("a job that does not fit: \(error)")
            return false
        }
        tell("a job that does not fit: \(process.written.trimmingCharacters(in: .whitespacesAndNewlines))")
        return true
    }
}
