import CTorch

extension Tensor {
    /// Runs `body` with convolutions and matrix products of float32 numbers on the device computed in bfloat16, and everything else
    /// as it is (PyTorch's autocast), or with `isEnabled: false` in a part of such a body that must not be. In the calling thread;
    /// `body` must not leave it.
    public static func withAutocast<Result>(_ isEnabled: Bool = true, on device: Device, _ body: () throws -> Result) rethrows -> Result {
        let before = ct_set_autocast(device.name, isEnabled)
        defer { _ = ct_set_autocast(device.name, before) }
        return try body()
    }
}
