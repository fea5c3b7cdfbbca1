/// What gradients are cut down to before a step (Pascanu et al., 2013).
public enum GradientLimit: Sendable, Hashable {
    /// All gradients together, as one vector, are shortened to this Euclidean norm if they are longer: PyTorch's
    /// `clip_grad_norm_`.
    case norm(Double)
    /// Every element is brought into ± this: PyTorch's `clip_grad_value_`.
    case value(Double)

    private static let vectorNorm = Operator("linalg_vector_norm")
    private static let stack = Operator("stack")

    /// The Euclidean norm of all gradients together, a scalar; `nil` without any.
    public static func totalNorm(of gradients: [Tensor?]) throws(TorchError) -> Tensor? {
        var norms: [Tensor] = []
        for case let gradient? in gradients { norms.append(try vectorNorm(.tensor(gradient))) }
        return norms.isEmpty ? nil : try vectorNorm(.tensor(stack(.tensors(norms))))
    }

    /// The gradients within the limit; those given are left as they are, since some may share their memory.
    func applied(to gradients: [Tensor?]) throws(TorchError) -> [Tensor?] {
        var result: [Tensor?] = []
        switch self {
        case .norm(let limit):
            guard let norm = try Self.totalNorm(of: gradients) else { return gradients }
            let factor = try Tensor.full([], limit, type: norm.dataType ?? .float, device: norm.device) / (norm + 1e-6)
            // A GPU need not be waited for: it multiplies by one.
            if norm.device.isCPU, try factor.item() >= 1 { return gradients }
            let atMostOne = try factor.clamped(0...1)
            for gradient in gradients {
                result.append(try gradient.map { gradient throws(TorchError) in try gradient * atMostOne })
            }
        case .value(let limit):
            for gradient in gradients {
                result.append(try gradient.map { gradient throws(TorchError) in try gradient.clamped(-limit...limit) })
            }
        }
        return result
    }
}
