import CTorch
import Foundation

/// Where a tensor lives: a value chosen at run time, never a build flag.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    /// `cpu`, `cuda:0`, `meta`.
    public let name: String

    public static let cpu = Device(unchecked: "cpu")
    /// Where tensors have a shape and a type but no elements: operators say what they would return.
    public static let meta = Device(unchecked: "meta")

    /// - Parameter name: `cpu`, `meta`, `cuda` (the first GPU) or `cuda:N`.
    /// - Throws: ``TorchError``, one sentence: there is no such device, or why CUDA cannot be used here.
    public init(_ name: String) throws(TorchError) {
        // The simulated one is there where a test has made it.
        if name == "cpu" || name == "meta" || name == SimulatedDevice.name && ct_simulated_device_exists() {
            self.name = name
            return
        }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        let index = parts.count == 1 ? 0 : parts.count == 2 ? UInt8(parts[1]).map(Int.init) : nil
        guard parts[0] == "cuda", let index else { throw TorchError("there is no device '\(name)': use cpu or cuda:0") }
        do throws(TorchError) {
            try checked { ct_cuda_open($0) }
        } catch {
            throw TorchError("device '\(name)' cannot be used: \(error.message); use cpu")
        }
        let count = Int(ct_cuda_device_count())
        guard index < count else {
            throw TorchError(
                "device '\(name)' is not there: "
                    + (count == 1 ? "this machine's only GPU is cuda:0" : "this machine's GPUs are cuda:0 to cuda:\(count - 1)"))
        }
        self.name = "cuda:\(index)"
    }

    private init(unchecked name: String) { self.name = name }

    init(of handle: OpaquePointer) {
        let text = ct_tensor_device(handle)
        defer { ct_text_free(text) }
        self.name = String(cString: text)
    }

    public var isCPU: Bool { name == "cpu" }
    public var isMeta: Bool { name == "meta" }
    public var description: String { name }
}

// MARK: What there is

extension Device {
    /// The CPU and every GPU that this libtorch may use. No GPU is started by asking; one whose driver is too old for this
    /// libtorch is listed, and ``init(_:)`` says so.
    public static func available() -> [Device] {
        [.cpu] + (0..<Int(ct_cuda_device_count())).map { Device(unchecked: "cuda:\($0)") }
    }

    /// What a device is made of.
    public struct Hardware: Sendable, Hashable {
        /// The model's name, e.g. `NVIDIA H200`, `AMD EPYC`.
        public let name: String
        /// All its memory, in bytes.
        public let memory: Int
    }

    /// The device's hardware; `nil` for one that has none or is not there.
    public var hardware: Hardware? {
        if isCPU { return Hardware(name: Device.processorName, memory: Int(ProcessInfo.processInfo.physicalMemory)) }
        guard name.hasPrefix("cuda:"), let index = Int32(name.dropFirst("cuda:".count)) else { return nil }
        var memory: Int64 = 0
        guard let text = ct_cuda_device_name(index, &memory) else { return nil }
        defer { ct_text_free(text) }
        return Hardware(name: String(cString: text), memory: Int(memory))
    }

    private static let processorName: String = {
        let file = FileHandle(forReadingAtPath: "/proc/cpuinfo")
        let text = String(decoding: file?.readDataToEndOfFile() ?? Data(), as: UTF8.self)
        return text.firstMatch(of: /model name\s*:\s*(.+)/).map { String($0.1) } ?? "CPU"
    }()
}
