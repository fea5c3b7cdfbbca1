import DurableFiles
import Foundation
import TestSupport
import Testing
import Wire

@testable import Worker

/// Complete results on disk, and whose they are.
@Suite struct SpoolTests {
    private let folder = URL.temporaryDirectory.appending(path: "medsweep-spool-\(UUID().uuidString)", directoryHint: .isDirectory)

    private var entry: Spool.Entry {
        Spool.Entry(
            identity: String(repeating: "a", count: 64),
            request: ResultRequest(
                token: LeaseToken(number: 3, seal: "s"),
                result: JobResult(
                    metrics: ["auc": 0.25], losses: [], artefacts: [], trainingSeconds: 1, wallSeconds: 1, peakMemory: 1,
                    worker: "w", host: "h", engine: .sample), coordinator: "c"))
    }

    private func file(_ text: String) throws -> URL {
        let file = folder.appending(path: "scores.json")
        try WritableFolder.make(folder)
        try Data(text.utf8).write(to: file)
        return file
    }

    @Test func resultsWaitInWhole() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try Spool(folder.appending(path: "spool"))
        let waiting = try spool.add(entry, files: ["digest": try file("scores")])
        #expect(spool.waiting.map(\.lastPathComponent) == ["\(entry.identity)-3"] && spool.waiting[0].path == waiting.path)
        let read = try #require(spool.read(waiting))
        #expect(read.request.result.metrics == ["auc": 0.25] && read.request.coordinator == "c")
        #expect(try Data(contentsOf: waiting.appending(path: "digest")) == Data("scores".utf8))
        spool.setAside(waiting)
        #expect(spool.waiting.isEmpty)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "spool/refused-\(entry.identity)-3").path))
    }

    /// Two coordinators may give out one job under one number.
    @Test func resultsDoNotTakeEachOthersPlace() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try Spool(folder.appending(path: "spool"))
        var other = entry
        other.request.coordinator = "other"
        for entry in [entry, other] { _ = try spool.add(entry, files: ["digest": try file("scores")]) }
        #expect(spool.waiting.compactMap { spool.read($0)?.request.coordinator } == ["c", "other"])
        #expect(spool.hasResult(of: entry.identity, token: entry.request.token))
        // The same number of another coordinator is another lease.
        let foreign = LeaseToken(number: entry.request.token.number, seal: "another")
        #expect(!spool.hasResult(of: entry.identity, token: foreign))
    }

    @Test func nothingHalfWrittenIsLeft() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try Spool(folder)
        #expect(throws: (any Error).self) { try spool.add(entry, files: ["digest": folder.appending(path: "absent")]) }
        #expect(spool.waiting.isEmpty)
        let runs = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(runs.count == 1)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: try #require(runs.first)).path)
        #expect(left == ["lock"])
    }

    /// What cannot be spooled is still where it was.
    @Test func filesStayWhereTheyWere() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try Spool(folder.appending(path: "spool"))
        let file = try file("scores")
        #expect(throws: (any Error).self) { try spool.add(entry, files: ["digest": file, "other": folder.appending(path: "absent")]) }
        #expect(try Data(contentsOf: file) == Data("scores".utf8))
    }

    /// Two workers on one spool leave each other's results alone; those of a dead one are taken over by one other only.
    @Test func resultsBelongToTheirRun() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let place = folder.appending(path: "spool")
        var first: Spool? = try Spool(place)
        let second = try Spool(place)
        let waiting = try #require(try first?.add(entry, files: ["digest": try file("scores")]))
        #expect(second.waiting.isEmpty && second.orphans.isEmpty)
        first = nil
        let orphans = second.orphans
        #expect(orphans.flatMap(\.contents).map(\.path) == [waiting.path])
        let third = try Spool(place)
        #expect(third.orphans.isEmpty, "they are held by the second")
        third.tidy()
        second.remove(waiting)
        for orphan in orphans { orphan.removeIfEmpty() }
        second.tidy()
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).isEmpty)
    }
}

/// Where a worker writes.
@Suite struct WorkerFoldersTests {
    private let folder = URL.temporaryDirectory.appending(path: "medsweep-places-\(UUID().uuidString)", directoryHint: .isDirectory)
    private var passing: URL { folder.appending(path: "tmp/medsweep-\(geteuid())", directoryHint: .isDirectory) }
    private var environment: [String: String] { ["TMPDIR": folder.appending(path: "tmp").path] }

    @Test func wantedFoldersAreTaken() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let cache = folder.appending(path: "cache", directoryHint: .isDirectory)
        let folders = try WorkerFolders(cache: cache, spool: nil, environment: environment)
        #expect(folders.cache == cache && folders.spool.folder.path == cache.appending(path: "spool").path && folders.remarks.isEmpty)
        #expect(folders.work.url.path.hasPrefix(passing.appending(path: "work").path) && folders.problem() == nil)
        folders.tidy()
        #expect(try FileManager.default.contentsOfDirectory(atPath: passing.appending(path: "work").path).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.appending(path: "spool").path).isEmpty)
    }

    /// Of another user, on a read-only file system, or no folder at all.
    @Test func cachesGiveWay() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try WritableFolder.make(folder.appending(path: "cache"))
        // Another user has made this part of it.
        try Data().write(to: folder.appending(path: "cache/pixels"))
        let folders = try WorkerFolders(cache: folder.appending(path: "cache"), spool: nil, environment: environment)
        #expect(folders.cache.path == passing.appending(path: "cache").path && folders.pixels.path.hasPrefix(passing.path))
        #expect(folders.remarks.count == 1 && folders.remarks[0].contains("'\(folder.path)/cache/pixels'") && folders.remarks[0].contains("--cache"))
        let nowhere = try WorkerFolders(cache: URL(filePath: "/dev/null/cache"), spool: nil, environment: environment)
        #expect(nowhere.remarks.count == 2 && nowhere.spool.folder.path == passing.appending(path: "spool").path)
    }

    /// A place for results that was named is not changed behind a person's back.
    @Test func aSpoolThatWasNamedDoesNot() {
        defer { try? FileManager.default.removeItem(at: folder) }
        let error = #expect(throws: WorkerError.self) {
            try WorkerFolders(cache: folder.appending(path: "cache"), spool: URL(filePath: "/dev/null/spool"), environment: environment)
        }
        #expect(error?.kind == .noPlace && error?.description.contains("--spool") == true && error?.description.contains("/dev/null/spool") == true)
    }

    /// A TMPDIR that cannot be written gives way to the system's folders.
    @Test func temporaryFoldersGiveWay() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let folders = try WorkerFolders(cache: folder.appending(path: "cache"), spool: nil, environment: ["TMPDIR": "/dev/null/tmp"])
        #expect(folders.work.url.path.hasPrefix("/tmp/medsweep-"))
        folders.tidy()
    }

    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a small file system in memory takes the right to mount"))
    func fullDisksAreTold() throws {
        let disk = try SmallDisk(on: folder.appending(path: "cache"), megabytes: 80)
        defer {
            disk.end()
            try? FileManager.default.removeItem(at: folder)
        }
        let folders = try WorkerFolders(cache: folder.appending(path: "cache"), spool: nil, environment: environment)
        #expect(folders.problem() == nil)
        let most = Data(count: 20 << 20)
        try most.write(to: folder.appending(path: "cache/most"))
        #expect(folders.problem()?.contains("MiB are free for") == true)
        try FileManager.default.removeItem(at: folder.appending(path: "cache/most"))
        #expect(folders.problem() == nil)
        disk.fill()
        #expect(folders.problem()?.contains("\(folder.path)/cache/") == true)
        try disk.free()
        #expect(folders.problem() == nil)
        folders.tidy()
    }
}
