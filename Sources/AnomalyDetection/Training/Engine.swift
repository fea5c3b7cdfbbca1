import Torch

/// What this build of the training core runs on and can do.
public enum Engine {
    /// libtorch's version and BLAS, for a result's record.
    public static var description: String { LibTorch.description }

    /// The methods that ``JobRunner`` trains.
    public static var supportedMethods: [String] { MethodRegistry.methods.map { $0.name } }
}
