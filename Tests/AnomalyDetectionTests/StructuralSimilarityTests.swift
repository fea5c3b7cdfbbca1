import Testing

@testable import AnomalyDetection
@testable import Torch

/// SSIM, its stretched map, its loss and the loss's gradient against PyTorch.
struct StructuralSimilarityTests {
    @Test(arguments: ["c1", "c3"]) func matchesPyTorch(_ name: String) throws {
        let fixture = try Fixture.safetensors("ssim")
        func given(_ part: String) throws -> Tensor { try #require(fixture["\(name)/\(part)"]) }
        let x = try given("x")
        let y = try given("y").requireGradient()
        let map = try StructuralSimilarity().dissimilarity(x, y)
        expectClose(try map.elements(), try given("map").elements(), within: 1e-5, "map")
        let stretched = try map.resizedBilinear(height: x.shape[2], width: x.shape[3])
        expectClose(try stretched.elements(), try given("resized").elements(), within: 1e-5, "resized")
        let loss = try Distance.structural.loss(x, y)
        expectClose([try loss.item()], [try given("loss").item()], within: 1e-6, "loss")
        try loss.backward()
        expectClose(try #require(y.gradient).elements(), try given("grad_y").elements(), within: 1e-4, "gradient")
        let averaged = try Distance.structural.map(x, y).elements(Double.self)
        let expected = try given("resized").mean(axes: [1]).elements(Double.self)
        expectClose(averaged, expected, within: 1e-5, "channel mean")
    }
}
