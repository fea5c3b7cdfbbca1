/// The operators behind the methods below, each found once.
private enum Operators {
    static let topK = Operator("topk")
    static let sort = Operator("sort", "stable")
    static let minimumAlong = Operator("min", "dim")
    static let maximumAlong = Operator("max", "dim")
    static let maximum = Operator("max")
    static let largestAlong = Operator("amax")
    static let smaller = Operator("minimum")
    static let indexOfMinimum = Operator("argmin")
    static let indexOfMaximum = Operator("argmax")
}

/// Elements along one dimension, and where they were (int64).
public typealias IndexedValues = (values: Tensor, indices: Tensor)

extension Tensor {
    /// The `count` largest, or smallest, elements along dimension `axis`, in order. Which of several equal ones are taken is
    /// libtorch's choice.
    /// - Throws: ``TorchError`` when there are fewer.
    public func topK(_ count: Int, axis: Int = -1, largest: Bool = true) throws(TorchError) -> IndexedValues {
        try pair(Operators.topK.call([.tensor(self), .integer(count), .integer(axis), .boolean(largest), .boolean(true)]))
    }

    /// The elements along dimension `axis` in order; equal ones keep theirs.
    public func sorted(axis: Int = -1, descending: Bool = false) throws(TorchError) -> IndexedValues {
        try pair(Operators.sort.call([.tensor(self), .boolean(true), .integer(axis), .boolean(descending)]))
    }

    /// The smallest element along dimension `axis`, which goes away, and its place: of equal ones on the CPU the first.
    public func minimum(axis: Int) throws(TorchError) -> IndexedValues {
        try pair(Operators.minimumAlong.call([.tensor(self), .integer(axis)]))
    }

    /// The largest element along dimension `axis`, which goes away, and its place: of equal ones on the CPU the first.
    public func maximum(axis: Int) throws(TorchError) -> IndexedValues {
        try pair(Operators.maximumAlong.call([.tensor(self), .integer(axis)]))
    }

    /// Of each element and that of `other` the smaller one.
    public func smaller(_ other: Tensor) throws(TorchError) -> Tensor { try Operators.smaller(.tensor(self), .tensor(other)) }

    /// The largest element, a scalar.
    public func maximum() throws(TorchError) -> Tensor { try Operators.maximum(.tensor(self)) }

    /// The largest element over some dimensions, which are kept with a size of 1.
    public func maximum(axes: [Int]) throws(TorchError) -> Tensor {
        try Operators.largestAlong(.tensor(self), .integers(axes), .boolean(true))
    }

    /// The place of the smallest element along dimension `axis` (int64).
    public func indexOfMinimum(axis: Int) throws(TorchError) -> Tensor {
        try Operators.indexOfMinimum(.tensor(self), .integer(axis))
    }

    /// The place of the largest element along dimension `axis` (int64).
    public func indexOfMaximum(axis: Int) throws(TorchError) -> Tensor {
        try Operators.indexOfMaximum(.tensor(self), .integer(axis))
    }

    private func pair(_ results: [Tensor]) throws(TorchError) -> IndexedValues {
        guard results.count == 2 else { throw TorchError("the operator returned \(results.count) tensors, not two") }
        return (results[0], results[1])
    }
}
