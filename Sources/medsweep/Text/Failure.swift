import ArgumentParser
import Client
import Coordinator
import Datasets
import DurableFiles
import Foundation
import Host
import Imaging
import Report
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

    /// What a shell knows a program by that was ended by `SIGPIPE`: nobody reads what it writes any more.
    private static let unread = 128 + SIGPIPE

    /// Says what went wrong on standard error, or what was asked of the argument parser, and ends the process.
    static func exit(with error: any Error, from command: any ParsableCommand.Type) -> Never {
        let error = told(error)
        if let error = error as? FileError, error.code == EPIPE { Foundation.exit(unread) }
        if let code = code(for: error) {
            Terminal.note("\(error)")
            Foundation.exit(code.rawValue)
        }
        // The argument parser's own errors, its help and its version texts are not failures of ours.
        let (text, code) = (command.fullMessage(for: error), command.exitCode(for: error))
        guard code.isSuccess else {
            Terminal.draw(text + "\n")
            Foundation.exit(code.rawValue)
        }
        do {
            try Terminal.write(text)
        } catch {
            exit(with: error, from: command)
        }
        Foundation.exit(code.rawValue)
    }

    /// An error of Foundation's as one of ours: its own texts are for programmers.
    static func told(_ error: any Error) -> any Error {
        let foreign = error as NSError
        guard [NSCocoaErrorDomain, NSPOSIXErrorDomain, NSURLErrorDomain, "Swift.DecodingError", "Swift.EncodingError"].contains(foreign.domain) else {
            return error
        }
        let path = foreign.userInfo[NSFilePathErrorKey] as? String ?? (foreign.userInfo[NSURLErrorKey] as? URL)?.path
        if let path { return FileError("use", path, error) }
        if let code = FileError.systemCode(of: error) {
            return Failure(.software, "the system refused something that the command needs (\(String(cString: strerror(code)))); try again, and report it if it stays")
        }
        return Failure(.software, "something was read or written that is not of its form (\(foreign.domain) \(foreign.code)); update medsweep and what it talks to to one version, and report it if it stays")
    }

    private static func code(for error: any Error) -> Code? {
        switch error {
        case let failure as Failure: failure.code
        case is SweepFileError: .badData
        case is DatasetError, is ImagingError, is WeightsError: .badData
        case let error as FileError: [ENOSPC, EDQUOT, EIO, EBADF].contains(error.code) ? .inputOutput : .cannotCreate
        case is ExportError: .badData
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
        case .badTokens, .badCertificate, .notLoopback, .sharedState: .configuration
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
