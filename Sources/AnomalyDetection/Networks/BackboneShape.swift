import Catalogue

/// The sizes of the study's common backbone.
public struct BackboneShape: Sendable, Hashable {
    /// Channels of the input image.
    public var channels: Int
    /// Side of the square input in pixels, a multiple of 16.
    public var inputSize: Int
    public var latentSize: Int
    public var hiddenSize: Int
    /// Multiple of the 16 base channels.
    public var width: Int
    /// Convolutions in each block.
    public var depth: Int

    public init(channels: Int, inputSize: Int, latentSize: Int, hiddenSize: Int, width: Int, depth: Int) {
        self.channels = channels
        self.inputSize = inputSize
        self.latentSize = latentSize
        self.hiddenSize = hiddenSize
        self.width = width
        self.depth = depth
    }

    /// The shape that a job's options describe.
    public init(_ settings: MethodSettings) throws(TrainingError) {
        self.init(
            channels: try settings.channels, inputSize: try settings.inputSize,
            latentSize: try settings[AutoencoderOptions.latentSize], hiddenSize: try settings[AutoencoderOptions.hiddenSize],
            width: try settings[AutoencoderOptions.width], depth: try settings[AutoencoderOptions.depth])
        guard inputSize % 16 == 0 else {
            throw TrainingError("input_size is \(inputSize) but the backbone halves it four times: use a multiple of 16")
        }
    }

    var baseChannels: Int { 16 * width }
    /// `[4w, S/16, S/16]`, the encoder's output.
    var featureShape: [Int] { [4 * baseChannels, inputSize / 16, inputSize / 16] }
    var featureCount: Int { featureShape.reduce(1, *) }
}
