import Foundation
import Testing

@testable import Coordinator

/// Token files as people write them, and where a queue may be kept.
@Suite struct FolderTests {
    @Test(arguments: [
        "worker WORKER-TOKEN-0123456\r\noperator OPERATOR-TOKEN-01234\r\n",
        "\u{FEFF}worker WORKER-TOKEN-0123456\noperator OPERATOR-TOKEN-01234",
        "  # who may what\n\n  worker   WORKER-TOKEN-0123456  # of the cluster\n\toperator\tOPERATOR-TOKEN-01234 #mine\n \n",
        "# a\rworker WORKER-TOKEN-0123456\roperator OPERATOR-TOKEN-01234\r",
    ])
    func tokensAreReadAsTheyAreWritten(_ text: String) throws {
        let file = URL.temporaryDirectory.appending(path: "medsweep-tokens-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let tokens = try Tokens(file: file)
        #expect(tokens.role(of: "WORKER-TOKEN-0123456") == .worker)
        #expect(tokens.role(of: "OPERATOR-TOKEN-01234") == .operator)
        for wrong in ["#", "mine", "cluster", "OPERATOR-TOKEN-01234\r"] { #expect(tokens.role(of: wrong) == nil) }
    }

    @Test func aSignWithinATokenIsPartOfIt() throws {
        let file = URL.temporaryDirectory.appending(path: "medsweep-tokens-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("\r\n\r\noperator abcdefgh#0123456789\r\noperator short # x".utf8).write(to: file)
        let error = #expect(throws: CoordinatorError.self) { try Tokens(file: file) }
        #expect(error?.description.hasPrefix("\(file.path):4: ") == true, "\(error.map { "\($0)" } ?? "")")
        try Data("operator abcdefgh#0123456789".utf8).write(to: file)
        #expect(try Tokens(file: file).role(of: "abcdefgh#0123456789") == .operator)
    }

    /// A wrong token is called wrong, a missing one missing.
    @Test func wrongTokensAreCalledWrong() async throws {
        let served = try await DoorServer { configuration in
            let file = configuration.stateFolder.deletingLastPathComponent().appending(path: "tokens")
            try Data("operator operator-token-0123456789\n".utf8).write(to: file)
            configuration.tokenFile = file
        }
        func said(_ field: String) async throws -> String {
            let connection = try served.connect()
            await connection.send("GET /v1/sweeps HTTP/1.1\r\nHost: h\r\n\(field)\r\n")
            return try #require(await connection.answer()).body
        }
        #expect(try await said("").contains("give one with --token-file"))
        let wrong = try await said("Authorization: Bearer operator-token-012345678\r\n")
        #expect(wrong.contains("not known here"))
        #expect(!wrong.contains("give one"))
        #expect(try await said("Authorization: bearer operator-token-0123456789\r\n") == #"{"sweeps":[]}"#)
        try await served.end()
    }

    private let mounts = """
        22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
        30 22 0:44 / /home rw,nosuid shared:5 master:3 - nfs4 server:/home rw,vers=4.2
        31 22 0:45 / /mnt/a rw - fuse.bindfs /srv/a rw,user_id=0
        32 22 8:17 / /mnt/b rw propagate_from:2 - fuseblk /dev/sdb1 rw
        33 22 0:46 /sub /scratch rw - lustre mds@tcp:/scratch rw
        34 22 0:47 / /tmp rw - tmpfs tmpfs rw
        """

    @Test(arguments: [
        ("8:1", nil), ("0:44", "NFS"), ("0:45", "FUSE (bindfs)"), ("8:17", nil), ("0:46", "Lustre"), ("0:47", nil), ("9:9", nil),
    ])
    func fileSystemsAreKnown(_ device: String, _ name: String?) {
        #expect(NetworkFileSystem.name(ofDevice: device, in: mounts) == name)
    }

    /// Where another machine could open it too, no queue is begun; beside PostgreSQL the folder may lie anywhere.
    @Test func noQueueIsKeptOnASharedFileSystem() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-state-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let state = folder.appending(path: "deep/state")
        var asked: [String] = []
        let error = #expect(throws: CoordinatorError.self) {
            try StateFolder(state) {
                asked.append($0.path)
                return "NFS"
            }
        }
        #expect(error?.kind == .sharedState)
        for part in [state.path, "NFS", "--state", "--store"] { #expect(error?.description.contains(part) == true, "\(part)") }
        // What is there is asked, not what is to be made, and nothing was made.
        #expect(asked == [URL.temporaryDirectory.standardizedFileURL.path])
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        _ = try StateFolder(state, holdsDatabase: false) { _ in "NFS" }
        _ = try StateFolder(state) { _ in nil }
        // This machine's own disk is none.
        #expect(NetworkFileSystem.name(of: URL(filePath: "/proc")) == nil)
    }
}
