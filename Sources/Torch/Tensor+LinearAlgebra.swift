/// The operators behind the methods below, each found once.
private enum Operators {
    static let addMatrixProduct = Operator("addmm")
    static let eigenvalues = Operator("linalg_eigh")
    static let inverse = Operator("linalg_inv")
    static let cholesky = Operator("linalg_cholesky")
    static let pseudoinverse = Operator("linalg_pinv", "rcond_tensor")
    static let permute = Operator("permute")
    static let addBatchedProduct = Operator("baddbmm_")
    static let solveTriangular = Operator("linalg_solve_triangular")
    static let norm = Operator("linalg_vector_norm")
    static let clampMinimum = Operator("clamp_min")
    static let cosineSimilarity = Operator("cosine_similarity")
}

extension Tensor {
    /// Matrix product with the transpose of `other`: `[n, d]` and `[m, d]` → `[n, m]`.
    public func multipliedMatrix(transposed other: Tensor) throws(TorchError) -> Tensor {
        try multipliedMatrix(other.transposed())
    }

    /// own · this + scale · left right, for matrices; this may also be a row that is added to every row.
    public func addingMatrixProduct(
        _ left: Tensor, _ right: Tensor, scale: Double = 1, own: Double = 1
    ) throws(TorchError) -> Tensor {
        try Operators.addMatrixProduct(
            .tensor(self), .tensor(left), .tensor(right), named: [("beta", .number(own)), ("alpha", .number(scale))])
    }

    /// own · this + scale · left right in place, for matrices `[P, n, d]` and `[P, d, m]`, outside of gradient recording.
    public func accumulateProducts(_ left: Tensor, _ right: Tensor, scale: Double = 1, own: Double = 1) throws(TorchError) {
        try Tensor.withoutGradients { () throws(TorchError) in
            _ = try Operators.addBatchedProduct.call(
                [.tensor(self), .tensor(left), .tensor(right)], named: [("beta", .number(own)), ("alpha", .number(scale))])
        }
    }

    /// The solutions Y of L Y = this, of lower triangular matrices L `[..., n, n]` and of `[..., n, k]`.
    public func solvedTriangular(_ factors: Tensor) throws(TorchError) -> Tensor {
        try Operators.solveTriangular(.tensor(factors), .tensor(self), named: [("upper", .boolean(false))])
    }

    /// The squared Euclidean distance of each row to each row of `other`: `[n, d]` and `[m, d]` → `[n, m]`, none negative.
    ///
    /// It is |x|² + |y|² - 2 x·y, whose terms cancel for near neighbours: computed in double precision, which is exact to
    /// the last digits of float32 at three times the time of a product in float32; differences taken one by one need 24
    /// times that. Rows that are double already are not converted.
    /// - Returns: distances of the type of this tensor.
    public func squaredDistances(to other: Tensor) throws(TorchError) -> Tensor {
        let (left, right) = (try to(.double), try other.to(.double))
        let lengths = try right.squared().sum(axes: [1])
        let products = try lengths.addingMatrixProduct(left, right.transposed(), scale: -2)
        let distances = try products + left.squared().sum(axes: [1], keepingDimensions: true)
        return try Operators.clampMinimum(.tensor(distances), .number(0)).to(dataType ?? .float)
    }

    /// Eigenvalues in ascending order, `[..., n]`, and the unit eigenvectors as columns, `[..., n, n]`, of symmetric
    /// matrices, whose lower triangles are read. The sign of a vector is libtorch's choice.
    /// - Throws: ``TorchError`` also when an element is not finite.
    public func symmetricEigenvectors() throws(TorchError) -> (values: Tensor, vectors: Tensor) {
        let results = try Operators.eigenvalues.call([.tensor(self)])
        guard results.count == 2 else { throw TorchError("the operator returned \(results.count) tensors, not two") }
        return (results[0], results[1])
    }

    /// The inverses of matrices `[..., n, n]`.
    /// - Throws: ``TorchError`` for a singular one.
    public func inverse() throws(TorchError) -> Tensor { try Operators.inverse(.tensor(self)) }

    /// The lower triangular factors L of positive definite matrices L Lᵀ, `[..., n, n]`.
    /// - Throws: ``TorchError`` for a matrix that is not positive definite.
    public func choleskyFactor() throws(TorchError) -> Tensor { try Operators.cholesky(.tensor(self)) }

    /// The pseudoinverses of symmetric matrices `[..., n, n]` (Penrose, 1955); eigenvalues below n ε times the largest
    /// magnitude count as zero.
    public func symmetricPseudoinverse() throws(TorchError) -> Tensor {
        let precision = dataType == .double ? Double.ulpOfOne : Double(Float.ulpOfOne)
        let cutoff = try Tensor.full([], precision * Double(shape.last ?? 1), type: dataType ?? .float, device: device)
        return try Operators.pseudoinverse(.tensor(self), .tensor(cutoff), .boolean(true))
    }

    /// Divided by the Euclidean norm along dimension `axis`, or by `minimum` where that is larger.
    public func normalised(axis: Int, minimum: Double = 1e-12) throws(TorchError) -> Tensor {
        let norm = try Operators.norm(.tensor(self), .number(2), .integers([axis]), .boolean(true))
        return try self / Operators.clampMinimum(.tensor(norm), .number(minimum))
    }

    /// The cosine of the angle to `other` along dimension `axis`, which goes away.
    public func cosineSimilarity(to other: Tensor, axis: Int) throws(TorchError) -> Tensor {
        try Operators.cosineSimilarity(.tensor(self), .tensor(other), .integer(axis), .number(1e-8))
    }

    /// The dimensions in another order.
    public func permuted(_ axes: [Int]) throws(TorchError) -> Tensor {
        try Operators.permute(.tensor(self), .integers(axes))
    }
}
