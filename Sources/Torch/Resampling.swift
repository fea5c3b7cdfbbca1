/// Mirrors `padding` rows and columns at each edge of `[N, C, H, W]`, without repeating the edge itself.
public final class ReflectionPad: Module, Layer {
    private static let pad = Operator("reflection_pad2d")
    private let padding: Int

    public init(_ padding: Int) { self.padding = padding }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try ReflectionPad.pad(.tensor(input), .integers([Int](repeating: padding, count: 4)))
    }
}

/// Repeats the edge of `[N, C, H, W]` `padding` times on every side.
public final class ReplicationPad: Module, Layer {
    private static let pad = Operator("replication_pad2d")
    private let padding: Int

    public init(_ padding: Int) { self.padding = padding }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try ReplicationPad.pad(.tensor(input), .integers([Int](repeating: padding, count: 4)))
    }
}

/// The mean of each square of `size` × `size`: `[N, C, H, W]` → `[N, C, H / size, W / size]`.
public final class AveragePool: Module, Layer {
    private static let pool = Operator("avg_pool2d")
    private let size: Int

    public init(_ size: Int) { self.size = size }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        try AveragePool.pool(.tensor(input), .integers([size, size]), .integers([size, size]))
    }
}

/// Every element repeated `scale` times in either direction: `[N, C, H, W]` → `[N, C, scale H, scale W]`.
public final class NearestUpsampling: Module, Layer {
    private static let upsample = Operator("upsample_nearest2d")
    private let scale: Int

    public init(_ scale: Int) { self.scale = scale }

    public func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        let shape = input.shape
        return try NearestUpsampling.upsample(.tensor(input), .integers([scale * shape[2], scale * shape[3]]))
    }
}
