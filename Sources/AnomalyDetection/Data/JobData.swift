import Catalogue
import Datasets
import Foundation
import Torch

/// A job's images, decoded to its size and channels.
struct JobData {
    let train: ImageBatches
    /// The training images as the model's ``StageInput`` wants them: the same, or larger ones.
    let stored: ImageBatches
    let test: ImageBatches
    /// What the training images are.
    let shape: DataShape
    /// File names of the test images.
    let names: [String]
    /// Whether each test image is abnormal.
    let labels: [Bool]
    /// Masks of the test images, 1 where abnormal; `nil` when the data set has none.
    let masks: PixelBlock?

    /// - Throws: the data set's errors, which name the folder or file at fault.
    init(_ request: TrainingRequest, settings: MethodSettings, device: Device) throws {
        let folder = try ImageFolder.open(request.dataFolder, name: request.job.dataset)
        let size = try settings.inputSize
        let channels = try settings.channels
        func load(_ split: PixelSplit, size side: Int? = nil) throws -> PixelBlock {
            try PixelCache.load(
                folder: folder, fingerprint: request.job.fingerprint, split: split,
                channels: split == .testMasks ? 1 : channels, size: side ?? size, cacheDirectory: request.cacheDirectory)
        }
        let storedSide = try MethodRegistry.method(request.job.method)?.storedSide(settings) ?? size
        guard folder.train.count > 1 else {
            throw TrainingError("the data set in '\(request.dataFolder.path)' has a single training image; it needs two")
        }
        train = try ImageBatches(load(.train), device: device)
        // Made ahead on the CPU, whatever the device.
        stored = storedSide == size ? train : try ImageBatches(load(.train, size: storedSide))
        test = try ImageBatches(load(.test), device: device)
        shape = DataShape(count: train.count, channels: channels, side: size)
        names = folder.test.map(\.name)
        labels = folder.test.map(\.isAbnormal)
        masks = folder.test.contains { $0.mask != nil } ? try load(.testMasks) : nil
    }
}
