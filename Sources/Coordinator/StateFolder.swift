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
    /// - Parameters:
    ///   - holdsDatabase: whether the queue is kept in it, which takes a disk of this machine's own.
    ///   - networkFileSystem: the name of the file system that a folder is on, if other machines may have it too.
    /// - Throws: ``CoordinatorError`` when it cannot be written to, another coordinator has it, or others could.
    init(
        _ url: URL, holdsDatabase: Bool = true, networkFileSystem: (URL) -> String? = NetworkFileSystem.name(of:)
    ) throws(CoordinatorError) {
        self.url = url
        // The folder itself may be a mount; else it will be on its parent's file system.
        if holdsDatabase, let name = networkFileSystem(Self.nearestThere(url)) {
            throw CoordinatorError(
                .sharedState,
                """
                the state folder '\(url.path)' is on \(name), which other machines may have too, and the queue's database would be lost \
                there; choose a folder on a disk of this machine with --state, or keep the queue in PostgreSQL with `medsweep serve --store`
                """)
        }
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
                .stateInUse,
                "another coordinator is using the state folder '\(url.path)'; stop it, or choose another folder with --state")
        }
    }

    /// The folder, or the nearest one above it that is there.
    private static func nearestThere(_ url: URL) -> URL {
        var place = url.standardizedFileURL
        while place.path != "/", !FileManager.default.fileExists(atPath: place.path) { place.deleteLastPathComponent() }
        return place
    }

    deinit { close(lock) }
}
