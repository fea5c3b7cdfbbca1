import Catalogue
import Crypto
import Foundation
import Testing
import Wire

@testable import Coordinator

/// Files that come in parts, for proxies that limit what is sent at once.
@Suite struct ArtefactPartsTests {
    private let folder = URL.temporaryDirectory.appending(path: "medsweep-parts-\(UUID().uuidString)")
    private let bytes = Data((0..<10_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
    private var digest: String { SHA256.hash(data: bytes).hexadecimal }

    private func store(_ store: ArtefactStore, _ range: Range<Int>, of content: Data? = nil, size: Int64 = 10_000) async throws -> Int64 {
        let part = (content ?? bytes)[range]
        let pieces = AsyncThrowingStream<Data, any Error> { stream in
            for start in stride(from: part.startIndex, to: part.endIndex, by: 1000) { stream.yield(part[start..<min(part.endIndex, start + 1000)]) }
            stream.finish()
        }
        return try await store.store(digest, pieces: pieces, at: Int64(range.lowerBound), of: size)
    }

    private var left: [String] {
        let folder = folder.appending(path: String(digest.prefix(2)))
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    @Test func partsBecomeAFile() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let artefacts = ArtefactStore(folder: folder)
        #expect(try await store(artefacts, 0..<4000) == 4000 && !artefacts.exists(digest))
        #expect(try await store(artefacts, 0..<4000) == 4000, "a part that comes again is no matter")
        #expect(try await store(artefacts, 8000..<10_000) == 4000, "behind a gap it is of no use")
        #expect(try await store(artefacts, 3000..<9000) == 9000)
        #expect(try await store(artefacts, 9000..<10_000) == 10_000)
        #expect(try Data(contentsOf: artefacts.place(digest)) == bytes && left == [digest])
    }

    @Test func whatIsNotTheFileIsLetGo() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let artefacts = ArtefactStore(folder: folder)
        _ = try await store(artefacts, 0..<4000, of: Data(count: 10_000))
        await #expect(throws: ArtefactStore.Refusal.self) { try await store(artefacts, 4000..<10_000) }
        #expect(!artefacts.exists(digest) && left.isEmpty)
        await #expect(throws: ArtefactStore.Refusal.self) { try await store(artefacts, 0..<4000, size: 3000) }
        await #expect(throws: ArtefactStore.Refusal.self) { try await store(ArtefactStore(folder: folder, limit: 100), 0..<4000) }
    }

    /// A file of which no further part came is not kept for ever.
    @Test func abandonedPartsAreLetGo() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let artefacts = ArtefactStore(folder: folder)
        let abandoned = folder.appending(path: "\(digest.prefix(2))/.\(String(repeating: "0", count: 64)).parts")
        _ = try await store(artefacts, 0..<4000)
        try Data().write(to: abandoned)
        try FileManager.default.setAttributes([.modificationDate: Date().addingTimeInterval(-100_000)], ofItemAtPath: abandoned.path)
        _ = try await store(artefacts, 4000..<5000)
        #expect(left == [".\(digest).parts"])
    }

    @Test func theDoorTakesParts() async throws {
        let server = try await DoorServer()
        let text = String(repeating: "x", count: 5000)
        let digest = SHA256.hash(data: Data(text.utf8)).hexadecimal
        func put(_ query: String, _ body: String) async throws -> Int? { try await server.status("PUT", Routes.artefact(digest) + query, body) }
        #expect(try await put("?offset=0&size=5000", String(text.prefix(3000))) == 200)
        #expect(try await server.status("GET", Routes.artefact(digest)) == 404)
        for query in ["?offset=-1&size=5000", "?offset=0&size=-1", "?offset=a&size=5000"] { #expect(try await put(query, "x") == 400) }
        #expect(try await put("?offset=3000&size=5000", String(text.dropFirst(3000)) + "more") == 413)
        #expect(try await put("?offset=3000&size=5000", String(text.dropFirst(3000))) == 200)
        #expect(try await server.status("GET", Routes.artefact(digest)) == 200)
        #expect(try await put("?offset=0&size=5000", "anything") == 200, "it is there")
        try await server.end()
    }
}
