/// A storage as a pickle names it: numbers of one type one after the other, which several tensors may share.
struct StorageReference {
    let key: String
    let type: DataType
    /// Number of elements of the whole storage.
    let count: Int
    /// The elements that tensors of this reference lie in: all, but for views in files of PyTorch 0.1.
    let view: Range<Int>
}

/// Where a tensor's elements lie in a storage. All of them are known to lie in it.
struct StoredTensor {
    let storage: StorageReference
    /// The first element, counted from the storage's beginning.
    let offset: Int
    let shape: [Int]
    /// Elements between neighbours along each dimension.
    let strides: [Int]

    /// The most dimensions a tensor may have.
    private static let dimensionLimit = 25

    /// - Returns: `nil` when an element would lie outside of the storage, or one would stand for several.
    init?(_ storage: StorageReference, offset: Int, shape: [Int], strides: [Int]) {
        guard shape.count == strides.count, shape.count <= Self.dimensionLimit, offset >= 0,
            shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
        else { return nil }
        var elements = 1
        for extent in shape {
            let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            elements = product
        }
        // A few bytes that stand for billions of elements would be stretched to full size sooner or later.
        guard elements <= storage.view.count, offset <= storage.view.count else { return nil }
        if elements > 0 {
            var last = offset
            for (extent, stride) in zip(shape, strides) {
                let (step, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
                let (sum, sumOverflow) = last.addingReportingOverflow(step)
                guard !overflow, !sumOverflow else { return nil }
                last = sum
            }
            guard last < storage.view.count else { return nil }
        }
        self.storage = storage
        self.offset = storage.view.lowerBound + offset
        self.shape = shape
        self.strides = strides
    }
}

/// The tensors of a file by name, before any of their bytes is read.
struct TensorDirectory {
    /// In the file's order.
    var tensors: [(name: String, tensor: StoredTensor)] = []
    /// Where each storage's bytes begin in the file, by key. All of them are known to be there, and none overlap.
    var places: [String: Int] = [:]
}
