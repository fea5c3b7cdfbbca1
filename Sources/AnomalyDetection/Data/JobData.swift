import Datasets
import Foundation
import Torch

/// A job's images, decoded to its size and channels.
struct JobData {
    let train: ImageBatches
    let test: ImageBatches
    /// File names of the test images.
    let names: [String]
    /// Whether each test image is abnormal.
    let labels: [Bool]
    /// Masks of the test images, 1 where abnormal; `nil` when the data set has none.
    let masks: PixelBlock?

    /// - Throws: the data set's errors, which name the folder or file at fault.
    init(_ request: TrainingRequest, settings: MethodSettings) throws {
        let folder = try ImageFolder.open(request.dataFolder, name: request.job.dataset)
        let size = try settings.integer("input_size")
        let channels = try settings.channels()
        func load(_ split: PixelSplit) throws -> PixelBlock {
            try PixelCache.load(
                folder: folder, fingerprint: request.job.fingerprint, split: split,
                channels: split == .testMasks ? 1 : channels, size: size, cacheDirectory: request.cacheDirectory)
        }
        guard folder.train.count > 1 else {
            throw TrainingError("the data set in '\(request.dataFolder.path)' has a single training image; it needs two")
        }
        train = try ImageBatches(load(.train))
        test = try ImageBatches(load(.test))
        names = folder.test.map(\.name)
        labels = folder.test.map(\.isAbnormal)
        masks = folder.test.contains { $0.mask != nil } ? try load(.testMasks) : nil
    }
}
