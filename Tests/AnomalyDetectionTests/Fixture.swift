import Foundation
import Testing

@testable import AnomalyDetection
@testable import Torch

/// The committed fixtures, made by `Tests/Reference/make_autoencoders.py` and its neighbours with PyTorch and scikit-learn.
enum Fixture {
    static func safetensors(_ name: String) throws -> [String: Tensor] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "safetensors"))
        return try Safetensors(Data(contentsOf: url), name: name).byName
    }

    static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json"))
        return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }
}

/// Requires equal counts, and values that differ by no more than `tolerance` times the largest magnitude.
func expectClose(
    _ actual: [Double], _ expected: [Double], within tolerance: Double, _ label: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(actual.count == expected.count, "\(label)", sourceLocation: sourceLocation)
    let scale = max(expected.map(abs).max() ?? 0, 1e-30)
    let worst = zip(actual, expected).map { $0.isFinite ? abs($0 - $1) : .infinity }.max() ?? 0
    #expect(worst <= tolerance * scale, "\(label): differs by \(worst / scale)", sourceLocation: sourceLocation)
}
