/// Parameters that an optimiser moves at a learning rate, and with a weight decay, of their own.
public struct ParameterGroup {
    /// Trainable tensors with names that are unique within an optimiser.
    public let parameters: [(name: String, tensor: Tensor)]
    /// What the optimiser's learning rate is multiplied by.
    public let learningRateMultiple: Double
    /// The weight decay in place of the optimiser's; `nil` for that one.
    public let weightDecay: Double?

    public init(
        _ parameters: [(name: String, tensor: Tensor)], learningRateMultiple: Double = 1, weightDecay: Double? = nil
    ) {
        self.parameters = parameters
        self.learningRateMultiple = learningRateMultiple
        self.weightDecay = weightDecay
    }
}
