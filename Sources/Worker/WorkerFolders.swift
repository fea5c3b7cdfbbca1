import DurableFiles
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Where a worker writes. What cannot be written to is found before any job is taken.
struct WorkerFolders: Sendable {
    /// Decoded images and what is known of data sets.
    let cache: URL
    /// Complete results.
    let spool: Spool
    /// Folders of running jobs, gone with the worker.
    let work: RunFolder
    /// What a person should know, one sentence each.
    let remarks: [String]

    /// Bytes without which no job is taken: weights and maps of one are as large at most, for all but the largest.
    static let leastRoom: Int64 = 64 << 20

    /// Chooses folders that can be written to. A cache that cannot be gives way to this user's own folder for passing files; so does
    /// the spool, unless it was named.
    /// - Throws: ``WorkerError`` when there is no place for results or for jobs.
    init(cache wanted: URL, spool named: URL?, environment: [String: String] = ProcessInfo.processInfo.environment) throws(WorkerError) {
        var remarks: [String] = []
        let passing = UserFolders.temporary(environment).lazy.compactMap { try? WritableFolder.makePrivate(in: $0) }.first
        var cache = wanted
        do throws(FileError) {
            for part in Self.parts(of: cache) { try WritableFolder.check(part) }
        } catch {
            guard let passing else {
                throw WorkerError(.noPlace, "\(error); name a folder for decoded images that this user may write to with --cache")
            }
            cache = passing.appending(path: "cache", directoryHint: .isDirectory)
            remarks.append("decoded images are kept in '\(cache.path)', since it \(error); name another folder with --cache")
        }
        do throws(FileError) {
            spool = try Self.spool(in: named ?? wanted.appending(path: "spool", directoryHint: .isDirectory))
        } catch {
            guard named == nil, let passing, let other = try? Self.spool(in: passing.appending(path: "spool", directoryHint: .isDirectory))
            else {
                throw WorkerError(.noPlace, "\(error); name a folder for results that this user may write to with --spool")
            }
            spool = other
            remarks.append("results wait in '\(other.folder.path)', since it \(error); name another folder with --spool")
        }
        let parent = passing ?? cache
        let works = parent.appending(path: "work", directoryHint: .isDirectory)
        do throws(FileError) {
            work = try RunFolder(in: works)
        } catch {
            throw WorkerError(.noPlace, "\(error); set TMPDIR to a folder that this user may write to")
        }
        // Jobs of killed workers are gone on with from their checkpoints at the coordinator.
        for orphan in RunFolder.orphans(in: works) { orphan.remove() }
        self.cache = cache
        self.remarks = remarks
    }

    private static func spool(in folder: URL) throws(FileError) -> Spool {
        try WritableFolder.check(folder)
        return try Spool(folder)
    }

    /// What is written to in a cache folder; another user may have made some of it.
    private static func parts(of cache: URL) -> [URL] { [cache, pixels(cache), cache.appending(path: "contents")] }

    private static func pixels(_ cache: URL) -> URL { cache.appending(path: "pixels", directoryHint: .isDirectory) }

    /// Where training processes keep decoded images.
    var pixels: URL { Self.pixels(cache) }

    /// Leaves nothing behind but results that wait.
    func tidy() {
        work.remove()
        spool.tidy()
    }

    /// One sentence when a job could not be worked on or its result not be kept now; `nil`: there is room.
    func problem() -> String? {
        for (folder, purpose) in [(spool.folder, "results"), (work.url, "running jobs"), (pixels, "decoded images")] {
            do throws(FileError) {
                try WritableFolder.check(folder)
            } catch {
                return "\(error); make it writable again, for it is where \(purpose) are kept"
            }
            if let room = WritableFolder.room(in: folder), room < Self.leastRoom {
                return "only \(room >> 20) MiB are free for \(purpose) in '\(folder.path)'; free \(Self.leastRoom >> 20) MiB or more there"
            }
        }
        return nil
    }
}
