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
    /// Masks of the test images, 1 where abnormal; `nil` when the data set has none, or none that marks anything at this size.
    let masks: PixelBlock?
    /// What a reader of the pixel metrics, or one who misses them, should know; `nil`: nothing.
    let maskRemark: String?

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
        if folder.test.contains(where: \.hasMask) {
            let block = try load(.testMasks)
            let marks = MaskMarks(block, folder.test)
            masks = marks.areAllEmpty ? nil : block
            maskRemark = marks.remark
        } else {
            (masks, maskRemark) = (nil, nil)
        }
    }
}

/// Which masks mark anything at a job's size: small marks may vanish when a mask is made smaller.
struct MaskMarks {
    /// How many masks there are.
    let count: Int
    /// The names of the images whose masks mark no pixel.
    let empty: [String]
    private let side: Int

    /// - Parameter images: the test images, of which `masks` has one block each.
    init(_ masks: PixelBlock, _ images: [ImageEntry]) {
        side = masks.width
        let size = masks.width * masks.height
        count = images.count(where: \.hasMask)
        empty = masks.withUnsafeBytes { bytes in
            images.enumerated().filter { index, image in
                image.hasMask && bytes[index * size..<(index + 1) * size].allSatisfy { $0 == 0 }
            }.map(\.element.name)
        }
    }

    /// Whether there is nothing to measure pixels by.
    var areAllEmpty: Bool { empty.count == count }

    /// One sentence with the mend; `nil`: every mask marks something.
    var remark: String? {
        guard let first = empty.first else { return nil }
        let mend = "use a larger input_size, or look at the masks with medsweep data check"
        return areAllEmpty
            ? "pixel metrics are left out, since none of the \(count) masks marks a pixel at \(side) × \(side), such as that of '\(first)'; \(mend)"
            : "\(empty.count) of \(count) masks mark no pixel at \(side) × \(side), such as that of '\(first)', so that pixel metrics take these images for normal; \(mend)"
    }
}
