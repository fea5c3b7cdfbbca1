import AnomalyDetection
import Client
import DurableFiles
import Foundation
import Imaging
import Sweep
import Torch

extension FailureKind {
    /// What kind of failure an error of the training process or of its worker is.
    init(of error: any Error) {
        self = switch error {
        case let error as TrainingError:
            switch error.kind {
            case .divergence: .divergence
            case .outOfMemory: .outOfMemory
            case .other: .error
            }
        case let error as ImagingError: error.kind == .content ? .data : .error
        case let error as TorchError: error.isOutOfMemory ? .outOfMemory : .error
        case let error as FileError: FailureKind.isDiskFull(error.code) ? .storage : .error
        case ClientError.diskFull: .storage
        default: FailureKind.isDiskFull(error as NSError) ? .storage : .error
        }
    }

    /// Foundation wraps what the system said.
    private static func isDiskFull(_ error: NSError) -> Bool {
        if error.domain == NSCocoaErrorDomain, error.code == CocoaError.Code.fileWriteOutOfSpace.rawValue { return true }
        if error.domain == NSPOSIXErrorDomain { return isDiskFull(Int32(truncatingIfNeeded: error.code)) }
        guard let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError else { return false }
        return isDiskFull(cause)
    }

    private static func isDiskFull(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT }
}
