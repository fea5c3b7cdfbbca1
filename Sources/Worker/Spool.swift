import DurableFiles
import Foundation
import Wire

/// Complete results on disk until the coordinator has them. A result is here in whole or not at all, and belongs to one run of a worker
/// and to the coordinator that gave the job out.
struct Spool: Sendable {
    /// Where the folders of all runs are.
    let folder: URL
    private let run: RunFolder

    /// A result waiting for delivery.
    struct Entry: Codable, Sendable {
        var identity: String
        var request: ResultRequest
    }

    /// Makes a folder for this run.
    /// - Throws: `FileError`
    init(_ folder: URL) throws(FileError) {
        self.folder = folder
        run = try RunFolder(in: folder)
    }

    /// Whether the result of a lease waits. Another coordinator's lease of the same job may have the same number, but not the same token.
    func hasResult(of identity: String, token: LeaseToken) -> Bool {
        let usual = usualPlace(of: identity, token: token).lastPathComponent
        return waiting.contains { $0.lastPathComponent.hasPrefix(usual) && read($0)?.request.token == token }
    }

    private func usualPlace(of identity: String, token: LeaseToken) -> URL { run.url.appending(path: "\(identity)-\(token.number)") }

    /// Takes a finished job into the spool. Its files stay where they are, so that nothing is lost where there is no room here.
    /// - Parameter files: artefacts by their SHA-256.
    func add(_ entry: Entry, files: [String: URL]) throws -> URL {
        let usual = usualPlace(of: entry.identity, token: entry.request.token)
        // Another coordinator may have given the same job out under the same number.
        var place = usual
        var number = 1
        while FileManager.default.fileExists(atPath: place.path) {
            number += 1
            place = run.url.appending(path: "\(usual.lastPathComponent)-\(number)")
        }
        let partial = URL(filePath: DurableFile.temporaryName(for: place), directoryHint: .isDirectory)
        do {
            try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: false)
            for (digest, file) in files {
                let place = partial.appending(path: digest)
                // To another file system it is copied.
                if link(file.path, place.path) != 0 { try FileManager.default.copyItem(at: file, to: place) }
                try DurableFile.sync(place)
            }
            try DurableFile.write(WireCoding.encode(entry), to: partial.appending(path: "result.json"))
            try DurableFile.publish(partial.path, as: place)
        } catch {
            try? FileManager.default.removeItem(at: partial)
            throw error
        }
        return place
    }

    /// The places of all results of this run that wait.
    var waiting: [URL] { run.contents }

    /// What dead runs have left; nobody else takes it as long as it is referred to.
    var orphans: [RunFolder] { RunFolder.orphans(in: folder) }

    /// Leaves nothing of this run behind but results.
    func tidy() { run.removeIfEmpty() }

    /// The result at a place, or `nil` when it cannot be read.
    func read(_ place: URL) -> Entry? {
        FileManager.default.contents(atPath: place.appending(path: "result.json").path)
            .flatMap { try? WireCoding.decode(from: $0) }
    }

    func remove(_ place: URL) { try? FileManager.default.removeItem(at: place) }

    /// Keeps what its coordinator would not take, for a person to look at.
    func setAside(_ place: URL) {
        let target = folder.appending(path: "refused-\(place.lastPathComponent)")
        try? FileManager.default.removeItem(at: target)
        try? FileManager.default.moveItem(at: place, to: target)
    }
}
