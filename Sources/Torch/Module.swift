/// A trainable tensor of a module.
public final class Parameter {
    public let tensor: Tensor

    /// Makes `tensor` a leaf whose gradient is recorded.
    public init(_ tensor: Tensor) throws(TorchError) {
        self.tensor = try tensor.requireGradient()
    }
}

/// A tensor of a module that is saved but not trained, such as running statistics.
public final class Buffer {
    public let tensor: Tensor

    public init(_ tensor: Tensor) { self.tensor = tensor }
}

/// A part of a network. Its stored properties that are a ``Parameter``, a ``Buffer``, a `Module` or an array of
/// modules belong to it, in the order of their declaration, which is the order PyTorch would list them in; their
/// names become snake_case keys such as `encoder.layers.0.weight`.
open class Module {
    /// Whether batch statistics are used and updated (true) or the running ones are used (false).
    public private(set) final var isTraining = true

    public init() {}

    /// Switches this module and all parts of it between training and evaluation.
    public final func train(_ mode: Bool = true) {
        isTraining = mode
        for (_, child) in children { child.train(mode) }
    }

    /// This module, its parts, their parts and so on.
    public final var modules: [Module] { [self] + children.flatMap { $0.module.modules } }

    /// Every trainable tensor with its key.
    public final var namedParameters: [(name: String, tensor: Tensor)] {
        members.compactMap { name, member in (member as? Parameter).map { (name, $0.tensor) } }
            + children.flatMap { prefix, child in child.namedParameters.map { ("\(prefix).\($0.name)", $0.tensor) } }
    }

    /// Every tensor that is saved: parameters and buffers.
    public final var state: [(name: String, tensor: Tensor)] {
        members.compactMap { name, member in
            ((member as? Parameter)?.tensor ?? (member as? Buffer)?.tensor).map { (name, $0) }
        } + children.flatMap { prefix, child in child.state.map { ("\(prefix).\($0.name)", $0.tensor) } }
    }

    /// The parameters that are not frozen.
    public final var trainableParameters: [(name: String, tensor: Tensor)] {
        namedParameters.filter { $0.tensor.requiresGradient }
    }

    /// Every tensor that training may change: parameters that are not frozen, and buffers.
    public final var changingState: [(name: String, tensor: Tensor)] {
        let frozen = Set(namedParameters.filter { !$0.tensor.requiresGradient }.map(\.name))
        return state.filter { !frozen.contains($0.name) }
    }

    /// Makes every parameter of this module and its parts a constant.
    public final func freeze() throws(TorchError) {
        for (_, tensor) in namedParameters { try tensor.requireGradient(false) }
    }

    /// Number of parameters, frozen ones included.
    public final var parameterCount: Int { namedParameters.reduce(0) { $0 + $1.tensor.count } }

    /// Overwrites parameters and buffers with the tensors of the same keys.
    /// - Parameter includingFrozen: whether frozen parameters are overwritten too, or keep their values.
    /// - Throws: ``TorchError`` that names a key that is absent or has another shape; the module may be half
    ///   overwritten then.
    public final func load(_ tensors: [String: Tensor], includingFrozen: Bool = true) throws(TorchError) {
        for (name, tensor) in includingFrozen ? state : changingState {
            guard let source = tensors[name] else { throw TorchError("the weights lack '\(name)'") }
            guard source.shape == tensor.shape else {
                throw TorchError("the weights' '\(name)' is \(source), the network's is \(tensor)")
            }
            try tensor.copy(from: source)
        }
    }

    private var members: [(name: String, value: Any)] {
        var levels: [[(String, Any)]] = []
        var mirror: Mirror? = Mirror(reflecting: self)
        while let current = mirror {
            levels.append(current.children.compactMap { child in child.label.map { (Module.key($0), child.value) } })
            mirror = current.superclassMirror
        }
        return levels.reversed().flatMap { $0 }
    }

    private var children: [(name: String, module: Module)] {
        members.flatMap { name, member -> [(String, Module)] in
            if let module = member as? Module { return [(name, module)] }
            guard let list = member as? [Module] else { return [] }
            return list.enumerated().map { ("\(name).\($0.offset)", $0.element) }
        }
    }

    /// `runningMean` → `running_mean`.
    private static func key(_ label: String) -> String {
        label.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}

/// A module that maps one tensor to one tensor.
public protocol Layer: Module {
    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor
}

/// Layers applied one after the other.
public final class Sequential: Module, Layer {
    let layers: [any Layer]

    public init(_ layers: [any Layer]) {
        self.layers = layers
    }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        var result = input
        for layer in layers { result = try layer(result) }
        return result
    }
}
