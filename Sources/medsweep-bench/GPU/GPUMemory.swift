import Foundation

/// Watches how much of a GPU's memory is taken, by whomever, while something else is done.
final class GPUMemory: @unchecked Sendable {
    private let lock = NSLock()
    private var peak: Int?
    private var isOver = false
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter device: `cuda:N`; of another nothing is known.
    init(_ device: String) {
        guard device.hasPrefix("cuda") else {
            ended.signal()
            return
        }
        let number = device.split(separator: ":").dropFirst().first.map(String.init) ?? "0"
        Thread.detachNewThread { [self] in
            while !lock.withLock({ isOver }) {
                guard let taken = Self.taken(number) else { break }
                lock.withLock { peak = max(peak ?? 0, taken) }
                usleep(200_000)
            }
            ended.signal()
        }
    }

    /// Stops watching. Returns the most MiB that were taken; `nil` where NVIDIA's `nvidia-smi` does not say.
    func stop() -> Int? {
        lock.withLock { isOver = true }
        ended.wait()
        return peak
    }

    private static func taken(_ number: String) -> Int? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["nvidia-smi", "--id=\(number)", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Int(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
