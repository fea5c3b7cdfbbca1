import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A coordinator's folder, held by a lock for as long as this object lives.
final class StateFolder: Sendable {
    let url: URL
    private let lock: Int32

    var database: URL { url.appending(path: "medsweep.sqlite") }
    var artefacts: URL { url.appending(path: "artefacts") }

    /// Makes the folder if need be and locks it.
    /// - Throws: ``CoordinatorError`` when it cannot be written to or another coordinator has it.
    init(_ url: URL) throws(CoordinatorError) {
        self.url = url
        do {
            try FileManager.default.createDirectory(
                at: url.appending(path: "artefacts"), withIntermediateDirectories: true)
        } catch {
            throw CoordinatorError(
                .unwritable, "cannot write to the state folder '\(url.path)'; choose another with --state, or mend its permissions")
        }
        lock = open(url.appending(path: "lock").path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw CoordinatorError(
                .unwritable, "cannot write to the state folder '\(url.path)'; choose another with --state, or mend its permissions")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw CoordinatorError(
                .stateInUse, "another coordinator is using the state folder '\(url.path)'; stop it, or choose another folder with --state")
        }
    }

    deinit { close(lock) }
}
