import Testing

@testable import Torch

/// Operations on tensors against PyTorch.
struct OperationTests {
    private let fixture: [String: Tensor]
    private let matrix: Tensor
    private let other: Tensor
    private let images: Tensor

    init() throws {
        fixture = try Fixture.safetensors("operations")
        (matrix, other) = (try #require(fixture["matrix"]), try #require(fixture["other"]))
        images = try #require(fixture["images"])
    }

    private func given(_ name: String) throws -> Tensor { try #require(fixture[name]) }

    private func expect(_ result: Tensor, _ name: String, within tolerance: Double = 1e-6) throws {
        try expectClose(result, given(name), within: tolerance, name)
    }

    private func expect(_ result: IndexedValues, _ name: String) throws {
        #expect(try result.values.elements(Float.self) == given("\(name)/values").elements(), "\(name)")
        #expect(try result.indices.elements(Int64.self) == given("\(name)/indices").elements(), "\(name)")
        #expect(try result.indices.shape == given("\(name)/indices").shape, "\(name)")
    }

    @Test func ordering() throws {
        try expect(matrix.topK(3), "topK")
        try expect(matrix.topK(2, axis: 0, largest: false), "topKSmallest")
        try expect(matrix.sorted(), "sorted")
        try expect(matrix.sorted(axis: 0, descending: true), "sortedDescending")
        try expect(matrix.minimum(axis: 1), "minimum")
        try expect(matrix.maximum(axis: 0), "maximum")
        try expect(matrix.indexOfMinimum(axis: 0), "indexOfMinimum")
        try expect(matrix.indexOfMaximum(axis: 1), "indexOfMaximum")
        try expect(images.maximum(axes: [2, 3]), "maximumAxes")
        #expect(try matrix.maximum().item() == matrix.elements(Double.self).max())
        #expect(throws: TorchError.self) { try matrix.topK(10) }
    }

    @Test func linearAlgebra() throws {
        let (symmetric, singular) = (try given("symmetric"), try given("singular"))
        let (values, vectors) = try symmetric.symmetricEigenvectors()
        try expect(values, "eigenvalues")
        let scaled = try vectors * values.reshaped([1, 5])
        try expectClose(scaled.multipliedMatrix(transposed: vectors), symmetric, within: 2e-6, "eigenvectors")
        try expect(symmetric.inverse(), "inverse", within: 1e-5)
        try expect(symmetric.choleskyFactor(), "choleskyFactor")
        try expect(singular.symmetricPseudoinverse(), "symmetricPseudoinverse", within: 1e-5)
        try expect(
            matrix.multipliedMatrix(transposed: other).addingMatrixProduct(matrix, other.transposed(), scale: -2, own: 0.5),
            "addingMatrixProduct")
        try expect(matrix.normalised(axis: 1), "normalised")
        try expect(matrix.narrowed(axis: 0, start: 0, length: 4).cosineSimilarity(to: other, axis: 1), "cosineSimilarity")
        #expect(try Tensor.zeros([2, 3]).normalised(axis: 1).elements(Float.self) == [0, 0, 0, 0, 0, 0])
        #expect(throws: TorchError.self) { try Tensor.zeros([2, 2]).inverse() }
        #expect(throws: TorchError.self) { try Tensor.zeros([2, 2]).choleskyFactor() }
    }

    /// Distances of near neighbours are right to float32's last digits, not only those beside far larger ones.
    @Test func squaredDistances() throws {
        let distances = try matrix.squaredDistances(to: other)
        let expected = try given("squaredDistances")
        #expect(distances.shape == expected.shape && distances.dataType == .float)
        for (distance, exact) in zip(try distances.elements(Double.self), try expected.elements(Double.self)) {
            #expect(abs(distance - exact) <= 1e-6 * exact)
        }
        #expect(try matrix.squaredDistances(to: matrix).minimum().item() >= 0)
        #expect(try matrix.to(.double).squaredDistances(to: other).dataType == .double)
    }

    @Test func windows() throws {
        try expect(images.averagePooled(kernel: 3, stride: 2, padding: 1), "averagePooled")
        try expect(images.averagePooled(kernel: 3, stride: 1, padding: 1, countingPadding: false), "averagePooledInside")
        try expect(images.unfolded(kernel: 3, stride: 2, padding: 1), "unfolded")
        try expect(images.unfolded(kernel: 2, dilation: 2), "unfoldedDilated")
        try expect(matrix.reshaped([1, 6, 9]).adaptiveAveragePooled(size: 4), "adaptiveAveragePooled")
        try expect(images.resizedNearest(height: 5, width: 11), "resizedNearest")
        try expect(images.permuted([0, 2, 3, 1]), "permuted")
    }

    @Test func rowsAndTypes() throws {
        let rows = try Tensor.zeros([6, 9])
        try rows.setRows(Tensor([4, 0, 5, 2] as [Int64]), to: other)
        try expect(rows, "setRows", within: 0)
        let one = try other.narrowed(axis: 0, start: 0, length: 1)
        #expect(throws: TorchError.self) { try rows.setRows(Tensor([6] as [Int64]), to: one) }
        #expect(throws: TorchError.self) { try rows.setRows(Tensor([1] as [Int64]), to: other) }
        for type in [DataType.half, .bfloat16] {
            let rounded = try matrix.to(type)
            #expect(rounded.dataType == type)
            try expect(rounded, "\(type)", within: 0)
        }
    }
}
