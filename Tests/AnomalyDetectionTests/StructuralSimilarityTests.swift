import Catalogue
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

    /// Unstretched, each value of the map stands at the pixel in the middle of its window, and the edge is repeated around.
    @Test func unstretchedMapsStayInPlace() throws {
        func scores(_ more: Settings) throws -> (AnomalyScores, difference: Tensor) {
            let small: Settings = ["input_size": 32, "hidden_size": 8, "latent_size": 2, "color": "rgb"]
            let settings = Catalogue.method("ae-ssim")!.resolve(small.merging(more) { $1 }, for: .custom("any"))
            let (method, scorer) = try Method.aeSSIM.make(
                MethodSettings(settings),
                context: ModelContext(generator: Generator(seed: 1), data: DataShape(count: 2, channels: 3, side: 32)))
            let images = try Tensor.zeros([2, 3, 32, 32])
            try images.fillUniform(-1...1, generator: Generator(seed: 2))
            method.network.train(false)
            let generator = try Generator(seed: 3)
            let reconstruction = try #require(try method.reconstruction(of: images, generator: generator))
            return (
                try scorer.scores(images, generator: generator),
                try StructuralSimilarity().dissimilarity(images, reconstruction).mean(axes: [1])
            )
        }
        let (placed, difference) = try scores(["map_stretching": false])
        let map = try #require(placed.map)
        #expect(map.shape == [2, 1, 32, 32] && difference.shape == [2, 22, 22])
        let (values, inner) = (try map.elements(Double.self), try difference.elements(Double.self))
        for image in 0..<2 {
            for row in 0..<32 {
                for column in 0..<32 {
                    let (innerRow, innerColumn) = (min(21, max(0, row - 5)), min(21, max(0, column - 5)))
                    #expect(values[(image * 32 + row) * 32 + column] == inner[(image * 22 + innerRow) * 22 + innerColumn])
                }
            }
        }
        let means = (0..<2).map { image in inner[image * 484..<(image + 1) * 484].reduce(0, +) / 484 }
        expectClose(try placed.scores.elements(Double.self), means, within: 1e-6, "scores")
        let (study, _) = try scores([:])
        #expect(try study.map?.elements(Double.self) != values)
    }
}
