import CTorch

/// An accelerator for tests on machines without one. Its memory is main memory, and each of its operators computes what
/// the CPU does; but it keeps to CUDA's rules, so that whatever runs on it from beginning to end, a whole training step
/// for instance, keeps to one device:
///
/// - An operator's tensors are all on one device. Only operators that work element by element take a tensor without
///   dimensions from the CPU. Unlike CUDA, it never takes indices from there.
/// - Numbers are drawn on the device by a ``Generator`` of the device, which gives the numbers of the CPU's.
/// - Only copies cross from one device to the other. They are counted, and so is every wait for the device.
///
/// Nothing of it is registered with libtorch before ``install()``.
package enum SimulatedDevice {
    /// The device's name, which ``Device/init(_:)`` takes once the device is there.
    package static let name = "simulated:0"

    /// Whether this libtorch is recent enough, and CUDA cannot be used: a process has one kind of accelerator.
    package static var isSupported: Bool { ct_simulated_device_is_supported() && ct_cuda_device_count() == 0 }

    /// Adds the device to libtorch for the rest of the process, and returns it; later calls only return it.
    /// - Throws: ``TorchError`` when libtorch is too old, or CUDA can be used.
    @discardableResult
    package static func install() throws(TorchError) -> Device {
        guard ct_cuda_device_count() == 0 else {
            throw TorchError("the simulated device cannot be used beside CUDA: libtorch has one kind of accelerator a process")
        }
        try checked { ct_simulated_device_make($0) }
        return try Device(name)
    }

    /// Copies between main memory and the device, in either direction, that this thread has made.
    package static var transferCount: Int { Int(ct_simulated_device_counted().transfers) }

    /// How often this thread would have had to wait for the device: for copies to main memory, for single values, and for
    /// results whose shape depends on values.
    package static var synchronisationCount: Int { Int(ct_simulated_device_counted().synchronisations) }

    /// Sets the counts of this thread to zero.
    package static func resetCounts() { ct_simulated_device_reset_counts() }
}
