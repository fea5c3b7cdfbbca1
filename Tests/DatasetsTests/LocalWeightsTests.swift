import DurableFiles
import Foundation
import Testing

@testable import Catalogue
@testable import Datasets

/// A folder of pretrained weights: what is taken in, what is refused.
@Suite final class LocalWeightsTests {
    private let place = URL.temporaryDirectory.appending(path: "medsweep-weights-\(UUID().uuidString)")
    private let catalogue: [WeightsDescription] = [
        // SHA-256 of "abc" and of "".
        .torchvision("small", "test", digests: "ba7816bf", "e3b0c442"),
        .init(
            "other", "test", files: [.init(name: "other.pth", digest: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")],
            source: "nowhere"),
    ]
    private var weights: LocalWeights { LocalWeights(place.appending(path: "kept/here"), catalogue: catalogue) }

    init() throws { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: place) }

    private func file(_ name: String, _ content: String) throws -> URL {
        let file = place.appending(path: name)
        try Data(content.utf8).write(to: file)
        return file
    }

    @Test func filesAreKnownByNameAndContent() throws {
        #expect(try weights.files().isEmpty)
        let added = try weights.add(file("small-ba7816bf.pth", "abc"))
        #expect(added.weights.name == "small")
        #expect(try weights.files().mapValues(\.lastPathComponent) == ["small": "small.pth"])
        #expect(try Data(contentsOf: added.place) == Data("abc".utf8))
        #expect(try weights.check("small", added.place)?.name == "small-ba7816bf.pth")
        // An older file of the same weights, under a name that says nothing, replaces it.
        #expect(try weights.add(file("download", "")).weights.name == "small")
        #expect(try weights.check("small", weights.files()["small"]!)?.name == "small-e3b0c442.pth")
        #expect(try weights.add(file("download", "foo"), name: "other").place.lastPathComponent == "other.pth")
        #expect(try FileManager.default.contentsOfDirectory(atPath: weights.folder.path).sorted() == ["other.pth", "small.pth"])
    }

    @Test func whatDoesNotFitItsNameIsRefused() throws {
        let damaged = try file("small-ba7816bf.pth", "abd")
        var error = #expect(throws: WeightsError.self) { try weights.add(damaged) }
        #expect(error?.description == "'\(damaged.path)' is not small-ba7816bf.pth: its SHA-256 is a52d159f…, not ba7816bf… or e3b0c442…; fetch it again from https://download.pytorch.org/models/small-ba7816bf.pth")
        error = #expect(throws: WeightsError.self) {
            try weights.add(file("small-ba7816bf.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:ba7816bf\nsize 3\n"))
        }
        #expect(error?.description == "'\(damaged.path)' is not small-ba7816bf.pth: it is a pointer of Git LFS and not the file itself; fetch it with `git lfs pull`")
        error = #expect(throws: WeightsError.self) { try weights.add(file("x", "<!DOCTYPE html><title>Sign in</title>")) }
        #expect(error?.description.contains("/x' is a web page") == true)
        error = #expect(throws: WeightsError.self) { try weights.add(file("x", "abc"), name: "other") }
        #expect(error?.description.contains("is not other.pth") == true)
        error = #expect(throws: WeightsError.self) { try weights.add(file("x", "nobody's")) }
        #expect(error?.description.contains("none of the published files") == true)
        error = #expect(throws: WeightsError.self) { try weights.add(file("x", "abc"), name: "smal") }
        #expect(error?.description.contains("did you mean 'small'?") == true)
        error = #expect(throws: WeightsError.self) { try weights.add(place.appending(path: "absent")) }
        #expect(error?.description.contains("absent") == true)
        error = #expect(throws: WeightsError.self) { try weights.add(place) }
        #expect(error?.description.contains("it is not a file") == true)
        #expect(try weights.files().isEmpty)
        // Weights of one's own are nobody's business.
        #expect(try weights.check("mine", damaged) == nil)
    }

    @Test func catalogueIsSound() {
        #expect(Catalogue.weights.map(\.name) == [
            "vgg19", "resnet18", "resnet152", "wide_resnet50_2", "dinov2_vits14", "dinov2_vits14_reg4",
            "dinov2_vitb14_reg4", "efficientnet-lite0",
        ])
        #expect(Catalogue.weights("vgg19")?.files.map(\.name) == ["vgg19-dcbb9e9d.pth"])
        #expect(Catalogue.weights("resnet18")?.source == "https://download.pytorch.org/models/resnet18-f37072fd.pth")
        #expect(Catalogue.methods(needing: "resnet18").map(\.name) == [
            "fae-ssim", "fae-mse", "rd", "rdpp", "recontrast", "resnet18-imagenet", "resnet152-imagenet", "panda", "msc", "patchcore", "padim",
            "stfpm", "simplenet",
        ])
        for method in Catalogue.methods {
            for name in MethodDescription.weights(for: method.resolve([:], for: .custom("any"))) { #expect(Catalogue.weights(name) != nil) }
        }
        for weights in Catalogue.weights {
            for file in weights.files { #expect(file.digest.count == 64 || file.digest.count == 8 && file.name.contains(file.digest)) }
        }
    }
}
