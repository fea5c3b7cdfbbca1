import Foundation
import Testing

@testable import Torch

/// The committed fixtures, made by `Tests/Reference/make_layers.py` with PyTorch.
enum Fixture {
    static func safetensors(_ name: String) throws -> [String: Tensor] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "safetensors"))
        return try Safetensors(Data(contentsOf: url), name: name).byName
    }
}

/// Requires equal shapes, and elements that differ by no more than `tolerance` times the largest magnitude.
func expectClose(
    _ actual: Tensor, _ expected: Tensor, within tolerance: Double, _ label: String,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try #require(actual.shape == expected.shape, "\(label)", sourceLocation: sourceLocation)
    let (a, e) = (try actual.elements(Double.self), try expected.elements(Double.self))
    let scale = max(e.map(abs).max() ?? 0, 1e-30)
    let worst = zip(a, e).map { $0.isFinite ? abs($0 - $1) : .infinity }.max() ?? 0
    #expect(worst <= tolerance * scale, "\(label): differs by \(worst / scale)", sourceLocation: sourceLocation)
}
