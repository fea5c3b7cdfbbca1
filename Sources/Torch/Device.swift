import CTorch

/// Where a tensor lives: a value chosen at run time, never a build flag.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    /// `cpu`, `cuda:0`.
    public let name: String

    public static let cpu = Device(unchecked: "cpu")

    /// - Throws: ``TorchError`` when the name is neither `cpu` nor `cuda` nor `cuda:N`, or CUDA cannot be used here.
    public init(_ name: String) throws(TorchError) {
        // Only a test has made it.
        if name == SimulatedDevice.name, ct_simulated_device_exists() {
            self.name = name
            return
        }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard name == "cpu" || parts.first == "cuda" && (parts.count == 1 || parts.count == 2 && UInt8(parts[1]) != nil)
        else { throw TorchError("there is no device '\(name)': use cpu or cuda:0") }
        if name != "cpu", !ct_load_cuda() {
            throw TorchError("device '\(name)' cannot be used: this libtorch has no CUDA, or no GPU answers; use cpu")
        }
        self.name = parts.count == 1 && name != "cpu" ? "cuda:0" : name
    }

    private init(unchecked name: String) { self.name = name }

    init(of handle: OpaquePointer) {
        let text = ct_tensor_device(handle)
        defer { ct_text_free(text) }
        self.name = String(cString: text)
    }

    public var isCPU: Bool { name == "cpu" }
    public var description: String { name }
}
