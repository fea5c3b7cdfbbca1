import DurableFiles
import Foundation
import Logging
import Wire

/// Complete results on disk until the coordinator has them. A result is here in whole or not at all.
struct Spool: Sendable {
    let folder: URL

    /// A result waiting for delivery.
    struct Entry: Codable, Sendable {
        var identity: String
        var request: ResultRequest
    }

    init(_ folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Where the result of a lease waits, if it does.
    func place(of identity: String, token: LeaseToken) -> URL { folder.appending(path: "\(identity)-\(token.number)") }

    /// Takes the files of a finished job into the spool.
    /// - Parameter files: artefacts by their SHA-256.
    func add(_ entry: Entry, files: [String: URL]) throws -> URL {
        let place = place(of: entry.identity, token: entry.request.token)
        let partial = URL(filePath: DurableFile.temporaryName(for: place), directoryHint: .isDirectory)
        do {
            try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
            for (digest, file) in files {
                let place = partial.appending(path: digest)
                try FileManager.default.moveItem(at: file, to: place)
                // From another file system it was copied.
                try DurableFile.sync(place)
            }
            try DurableFile.write(WireCoding.encode(entry), to: partial.appending(path: "result.json"))
            try? FileManager.default.removeItem(at: place)
            try DurableFile.publish(partial.path, as: place)
        } catch {
            try? FileManager.default.removeItem(at: partial)
            throw error
        }
        return place
    }

    /// The places of all results that wait.
    func waiting() -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { !$0.hasPrefix(".") && !$0.hasPrefix("refused-") }.sorted().map { folder.appending(path: $0) }
    }

    /// The result at a place, or `nil` when it cannot be read.
    func read(_ place: URL) -> Entry? {
        FileManager.default.contents(atPath: place.appending(path: "result.json").path)
            .flatMap { try? WireCoding.decode(from: $0) }
    }

    func remove(_ place: URL) { try? FileManager.default.removeItem(at: place) }

    /// Keeps what a coordinator would not take, for a person to look at.
    func setAside(_ place: URL) {
        let target = folder.appending(path: "refused-\(place.lastPathComponent)")
        try? FileManager.default.removeItem(at: target)
        try? FileManager.default.moveItem(at: place, to: target)
    }
}
