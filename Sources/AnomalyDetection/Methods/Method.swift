import Catalogue
import Torch

/// A method of the study: a network, the loss it is trained with and the map it scores images by.
///
/// Images are `[N, C, S, S]`, float, in -1...1.
public protocol Method: AnyObject {
    /// The name in the catalogue.
    static var name: String { get }

    /// Everything that is trained and saved.
    var network: Module { get }

    /// Builds the network. `generator` is the job's stream: initial weights are drawn from it.
    init(_ settings: MethodSettings, generator: Generator) throws

    /// The training loss of a batch, a scalar. `generator` is the job's stream.
    func loss(_ images: Tensor, generator: Generator) throws -> Tensor

    /// Anomaly maps `[N, 1, S, S]`, higher is more abnormal; an image's score is the mean of its map. The network
    /// is in evaluation mode and no gradients are recorded. `generator` is a stream for scoring only.
    func scoreMap(_ images: Tensor, generator: Generator) throws -> Tensor
}

/// The training core's methods; ``Catalogue/methods`` describes the same ones.
public enum MethodRegistry {
    public static var methods: [any Method.Type] { [AE.self, AEL1.self, AESSIM.self, VAE.self] }

    /// The method called `name`.
    public static func method(_ name: String) -> (any Method.Type)? { methods.first { $0.name == name } }
}
