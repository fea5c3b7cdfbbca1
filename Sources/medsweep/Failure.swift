import ArgumentParser
import Client
import Coordinator
import Datasets
import DurableFiles
import Foundation
import Host
import Imaging
import Sweep
import Wire

/// Why a command ends badly: one sentence, and an exit code of `sysexits.h`.
struct Failure: Error, CustomStringConvertible {
    let code: Code
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Exit codes that scripts can tell apart.
    enum Code: Int32 {
        /// Jobs of the sweep are quarantined.
        case jobsFailed = 1
        case usage = 64
        case badData = 65
        case noInput = 66
        case unavailable = 69
        case software = 70
        case cannotCreate = 73
        case inputOutput = 74
        case temporary = 75
        case noPermission = 77
        case configuration = 78
    }

    /// Prints what went wrong to standard error and ends the process.
    static func exit(with error: any Error, from command: any ParsableCommand.Type) -> Never {
        // The argument parser's own errors, its help and its version texts are not failures of ours.
        let code = code(for: error)
        guard let code else { command.exit(withError: error) }
        FileHandle.standardError.write(Data("medsweep: \(error)\n".utf8))
        Foundation.exit(code.rawValue)
    }

    private static func code(for error: any Error) -> Code? {
        switch error {
        case let failure as Failure: failure.code
        case is SweepFileError: .badData
        case is DatasetError, is ImagingError, is WeightsError: .badData
        case let error as FileError: error.code == ENOSPC ? .inputOutput : .cannotCreate
        case let error as CoordinatorError: coordinatorCode(error.kind)
        case let error as ClientError: clientCode(error)
        case is HostError: .unavailable
        default: nil
        }
    }

    private static func coordinatorCode(_ kind: CoordinatorError.Kind) -> Code {
        switch kind {
        case .portInUse, .databaseAway: .unavailable
        case .stateInUse: .temporary
        case .newerState: .configuration
        case .unwritable: .cannotCreate
        case .badTokens, .badCertificate, .notLoopback: .configuration
        default: .software
        }
    }

    private static func clientCode(_ error: ClientError) -> Code {
        switch error {
        case .problem(let problem) where [400, 404, 409, 422].contains(problem.status): .badData
        case .problem(let problem) where problem.status == 401 || problem.status == 403: .noPermission
        case .file: .noInput
        case .diskFull: .inputOutput
        default: .unavailable
        }
    }
}
