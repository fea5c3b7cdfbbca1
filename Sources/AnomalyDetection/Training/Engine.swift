import Catalogue
import Torch

/// What this build of the training core runs on and can do.
public enum Engine {
    /// libtorch's version and BLAS, for people.
    public static var description: String { LibTorch.description }

    /// The methods that ``JobRunner`` trains.
    public static var supportedMethods: [String] { MethodRegistry.methods.map(\.name) }

    /// What of a device decides the last digits of numbers.
    /// - Parameter device: `cpu` or `cuda:N`.
    /// - Throws: ``TrainingError`` when there is no such device, or its driver is too old for this libtorch.
    public static func platform(device name: String) throws(TrainingError) -> EngineClass.Platform {
        let device: Device
        do throws(TorchError) { device = try Device(name) } catch { throw TrainingError(error.message) }
        if device.isCPU { return .init(device: "cpu", libtorch: LibTorch.version, kernels: LibTorch.kernels) }
        return .init(
            device: "cuda \(device.hardware?.name ?? "GPU")", libtorch: LibTorch.version, kernels: LibTorch.cudaLibraries)
    }

    /// The GPUs that this libtorch can use, by their numbers: name and bytes of memory.
    public static func gpus() -> [(name: String, memory: Int64)] {
        Device.available().filter { !$0.isCPU }.map { device in
            (device.hardware?.name ?? "GPU", Int64(device.hardware?.memory ?? 0))
        }
    }

    /// The environment that makes a process use the kernels called `kernels`, so that processors of several kinds give equal numbers.
    /// - Throws: ``TrainingError`` for a name that is none of them.
    public static func environment(kernels: String) throws(TrainingError) -> [String: String] {
        switch kernels {
        // Whatever libtorch chooses: nothing is pinned.
        case "default": return [:]
        case "avx2": return LibTorch.pinEnvironment(.avx2)
        case "avx512": return LibTorch.pinEnvironment(.avx512)
        default: throw TrainingError("there are no kernels '\(kernels)'; use one of avx2, avx512, default")
        }
    }
}
