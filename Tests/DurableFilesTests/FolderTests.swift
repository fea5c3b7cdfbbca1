import Foundation
import TestSupport
import Testing

@testable import DurableFiles

/// Where a user's files lie, and whether they can be written there.
@Suite struct FolderTests {
    private let folder = URL.temporaryDirectory.appending(path: "medsweep-folders-\(UUID().uuidString)", directoryHint: .isDirectory)

    @Test func homeIsWhatTheEnvironmentSays() {
        #expect(UserFolders.home(["HOME": "/elsewhere"]).path == "/elsewhere")
        #expect(UserFolders.caches(["HOME": "/elsewhere"]).path == "/elsewhere/.cache")
        #expect(UserFolders.caches(["HOME": "/elsewhere", "XDG_CACHE_HOME": "/fast"]).path == "/fast")
        for nothing in ["", "relative"] {
            #expect(UserFolders.caches(["HOME": "/elsewhere", "XDG_CACHE_HOME": nothing]).path == "/elsewhere/.cache")
        }
        #expect(UserFolders.home([:]).path.hasPrefix("/"))
        #expect(UserFolders.temporary(["TMPDIR": "/scratch"]).map(\.path) == ["/scratch", "/tmp", "/var/tmp"])
        #expect(UserFolders.temporary([:]).map(\.path) == ["/tmp", "/var/tmp"])
    }

    @Test func foldersAreMadeAndLeftAsTheyWere() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let deep = folder.appending(path: "a/b")
        try WritableFolder.check(deep)
        try WritableFolder.check(deep)
        #expect(try FileManager.default.contentsOfDirectory(atPath: deep.path).isEmpty)
        #expect(WritableFolder.room(in: deep).map { $0 > 0 } == true)
        #expect(WritableFolder.room(in: deep.appending(path: "absent")) == nil)
    }

    @Test func whatCannotBeWrittenIsNamed() {
        for place in ["/dev/null/cache", "/proc/cache"] {
            let error = #expect(throws: FileError.self) { try WritableFolder.check(URL(filePath: place)) }
            #expect(error?.description.contains("'\(place)'") == true, "\(error.map { "\($0)" } ?? "")")
        }
    }

    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a small file system in memory takes the right to mount"))
    func fullDisksAreFound() throws {
        let disk = try SmallDisk(on: folder, megabytes: 1)
        defer {
            disk.end()
            try? FileManager.default.removeItem(at: folder)
        }
        try WritableFolder.check(folder)
        disk.fill()
        let error = #expect(throws: FileError.self) { try WritableFolder.check(folder) }
        #expect(error?.code == ENOSPC && error?.description.contains("'\(folder.path)'") == true)
        try disk.free()
        try WritableFolder.check(folder)
    }

    /// In a folder that everybody may write to, nobody else's folder or link is taken for this user's.
    @Test func privateFoldersAreNobodyElses() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let own = try WritableFolder.makePrivate(in: folder)
        #expect(try WritableFolder.makePrivate(in: folder) == own)
        chmod(own.path, 0o755)
        #expect(throws: FileError.self) { try WritableFolder.makePrivate(in: folder) }
        try FileManager.default.removeItem(at: own)
        try FileManager.default.createSymbolicLink(at: own.absoluteURL, withDestinationURL: URL(filePath: "/"))
        #expect(throws: FileError.self) { try WritableFolder.makePrivate(in: folder) }
    }
}
