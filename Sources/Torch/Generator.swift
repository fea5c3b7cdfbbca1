import CTorch

/// A random stream of its own. Every random operator is given one, so that jobs never mix their streams, and its
/// whole state can be saved and restored.
public final class Generator {
    let handle: OpaquePointer
    /// Where numbers are drawn. A job's stream is on the CPU whatever the job's device, so that it draws the same numbers on
    /// all; they are moved then.
    public let device: Device

    /// - Throws: ``TorchError`` when the device cannot be used.
    public init(seed: UInt64, device: Device = .cpu) throws(TorchError) {
        var result: OpaquePointer?
        try checked { ct_generator_make(device.name, seed, &result, $0) }
        handle = result!
        self.device = device
    }

    deinit { ct_generator_release(handle) }

    /// The state as a byte tensor.
    public func state() throws(TorchError) -> Tensor {
        var result: OpaquePointer?
        try withExtendedLifetime(self) { () throws(TorchError) in
            try checked { ct_generator_state(handle, &result, $0) }
        }
        return Tensor(handle: result!)
    }

    /// Goes on from a state that ``state()`` gave.
    public func restore(_ state: Tensor) throws(TorchError) {
        try withExtendedLifetime((self, state)) { () throws(TorchError) in
            try checked { ct_generator_restore(handle, state.handle, $0) }
        }
    }
}
