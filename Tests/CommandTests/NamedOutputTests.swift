import DurableFiles
import Foundation
import Testing

/// Where `-o` leads.
@Suite struct NamedOutputTests {
    private let folder: URL
    private let text = Data("a,b\r\n1,2\r\n".utf8)

    init() throws {
        folder = URL.temporaryDirectory.appending(path: "medsweep-output-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func kind(_ place: URL) -> FileAttributeType? {
        (try? FileManager.default.attributesOfItem(atPath: place.path))?[.type] as? FileAttributeType
    }

    @Test func plainFilesAreReplacedInWhole() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "a.csv")
        for _ in 0..<2 {
            try DurableFile.write(text, toNamed: file.path)
            #expect(try Data(contentsOf: file) == text)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.csv"])
    }

    /// A link stays, and what it leads to is replaced, or made.
    @Test func linksStay() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (link, target) = (folder.appending(path: "link.csv"), folder.appending(path: "target.csv"))
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "target.csv")
        for _ in 0..<2 {
            try DurableFile.write(text, toNamed: link.path)
            #expect(kind(link) == .typeSymbolicLink)
            #expect(kind(target) == .typeRegular)
            #expect(try Data(contentsOf: target) == text)
        }
    }

    @Test func devicesAndPipesAreWrittenTo() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (pipe, full) = (folder.appending(path: "pipe"), folder.appending(path: "full"))
        #expect(mkfifo(pipe.path, 0o600) == 0)
        // The reader opens first and does not wait for it, so that nobody waits for anybody.
        let reader = open(pipe.path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try DurableFile.write(text, toNamed: pipe.path)
        var bytes = [UInt8](repeating: 0, count: 100)
        #expect(Data(bytes[..<max(0, read(reader, &bytes, bytes.count))]) == text)
        #expect(kind(pipe) != .typeRegular)
        // By a link, since a fault would put a plain file into the place of this machine's device.
        try FileManager.default.createSymbolicLink(atPath: full.path, withDestinationPath: "/dev/full")
        let error = #expect(throws: FileError.self) { try DurableFile.write(text, toNamed: full.path) }
        #expect(error?.code == ENOSPC)
        #expect(error?.description.contains("'\(full.path)'") == true)
        #expect(kind(full) == .typeSymbolicLink)
    }

    @Test func foldersAreNamed() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let error = #expect(throws: FileError.self) { try DurableFile.write(text, toNamed: folder.path) }
        #expect(error?.description == "cannot write '\(folder.path)': it is a folder; name a file")
        let absent = folder.appending(path: "absent/a.csv").path
        let other = #expect(throws: FileError.self) { try DurableFile.write(text, toNamed: absent) }
        #expect(other?.description == "cannot write '\(absent)': its folder is not there; make it, or name another place")
    }
}
