/// Where a worker is asked to compute.
public enum ComputeDevice: Sendable, Hashable, CustomStringConvertible {
    /// On every GPU that is there, else on the processor.
    case automatic
    case cpu
    /// On the GPU with this number.
    case cuda(Int)

    /// `auto`, `cpu`, `cuda` (the first GPU) or `cuda:N`. `nil`: it is none of these.
    public init?(_ text: String) {
        switch text {
        case "auto": self = .automatic
        case "cpu": self = .cpu
        case "cuda": self = .cuda(0)
        default:
            guard let number = text.wholeMatch(of: /cuda:([0-9]{1,3})/).flatMap({ Int($0.1) }) else { return nil }
            self = .cuda(number)
        }
    }

    /// The name as it is written: `cuda:0`.
    public var description: String {
        switch self {
        case .automatic: "auto"
        case .cpu: "cpu"
        case .cuda(let number): "cuda:\(number)"
        }
    }

    /// One sentence when these devices cannot be asked for together; `nil`: they can.
    public static func problem(with devices: [ComputeDevice]) -> String? {
        if devices.count > 1, devices.contains(where: { if case .cuda = $0 { false } else { true } }) {
            return "a worker computes on GPUs or on its processor; give --device cuda:N several times, or auto or cpu alone"
        }
        if Set(devices).count < devices.count { return "a GPU is named twice; give each --device cuda:N once" }
        return nil
    }
}
