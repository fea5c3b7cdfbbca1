import DurableFiles
import Foundation
import Testing

@testable import medsweep

@Suite struct FailureTests {
    /// No text of a library goes out alone: what Foundation throws names the file and the system's reason.
    @Test func errorsOfFoundationAreToldInOurWords() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-failure-\(UUID().uuidString)")
        let raw = #expect(throws: (any Error).self) { try Data(contentsOf: folder) }
        let file = try #require(raw.map(Failure.told) as? FileError)
        #expect(file.code == ENOENT && file.description.hasPrefix("cannot use '\(folder.path)': "))
        let decoding = #expect(throws: (any Error).self) { try JSONDecoder().decode([Int].self, from: Data("{".utf8)) }
        let failure = try #require(decoding.map(Failure.told) as? Failure)
        #expect(failure.code == .software && !failure.description.contains("Error Domain") && failure.description.contains("update medsweep"))
        #expect(Failure.told(POSIXError(.EMFILE)) is Failure)
        // Ours stay what they are.
        #expect(Failure.told(Failure(.badData, "x")) as? Failure != nil)
        #expect(FileError.systemCode(of: CocoaError(.fileWriteOutOfSpace)) == ENOSPC)
        #expect(FileError("make the folder", "/x", CocoaError(.fileWriteNoPermission)).code == EACCES)
    }

    @Test func foldersAreMadeOrNamed() throws {
        let file = URL.temporaryDirectory.appending(path: "medsweep-failure-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let error = #expect(throws: FileError.self) { try DurableFile.makeFolder(file.appending(path: "a/b")) }
        #expect(error?.description.contains("\(file.path)/a/b") == true && error?.description.contains("Domain") == false)
        #expect(throws: FileError.self) { try DurableFile.read(file.appending(path: "a")) }
    }
}
