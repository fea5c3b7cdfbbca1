import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A PostgreSQL server of a test's own, on a free loopback port, with a database `medsweep` that the role `medsweep`
/// owns. It syncs as a real one does, and is gone, with its folder, when the object is.
public final class PostgresServer {
    /// Why a server did not come up.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public let port: Int
    private let programs: URL
    /// Holds `data`, the socket and `log`; belongs to the user that the server runs as.
    private let folder: URL
    private var process: Process?

    /// Whether PostgreSQL's server programs are installed.
    public static var isInstalled: Bool { installation != nil }

    /// The folder of the newest version's programs, where Debian puts them.
    private static var installation: URL? {
        let root = URL(filePath: "/usr/lib/postgresql")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return versions.compactMap(Int.init).sorted(by: >)
            .map { root.appending(path: "\($0)/bin") }
            .first { FileManager.default.isExecutableFile(atPath: $0.appending(path: "initdb").path) }
    }

    /// Makes an empty server and waits until it answers.
    public init() throws {
        guard let programs = PostgresServer.installation else {
            throw Failure(description: "PostgreSQL's server is not installed")
        }
        self.programs = programs
        port = try PostgresServer.freePort()
        // Short, since the path of a socket may have 107 bytes only.
        folder = URL.temporaryDirectory.appending(path: "medsweep-pg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            if let user = PostgresServer.user { try run("/bin/chown", [user, folder.path], asUser: false) }
            try run(
                "initdb",
                ["--pgdata", data.path, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8",
                 "--no-sync"])
            try start()
            try administer("createuser", ["medsweep"])
            try administer("createdb", ["--owner", "medsweep", "medsweep"])
        } catch {
            kill()
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The address of the database, as `medsweep serve --store` takes it.
    public var url: String { "postgres://medsweep@127.0.0.1:\(port)/medsweep" }

    /// What the server has written to its log.
    public var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

    private var data: URL { folder.appending(path: "data") }

    // MARK: Life and death

    /// Lets it write out everything and end; open connections are cut.
    public func stop() {
        guard let process else { return }
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGINT) }
        process.waitUntilExit()
        self.process = nil
    }

    /// SIGKILL to the server and all its processes: what is not in its log files by now is lost.
    public func kill() {
        guard let process else { return }
        // Every process of the server leads a group of its own, so that one signal to a group would not do.
        let children = ProcessTree.children(of: process.processIdentifier)
        for number in [process.processIdentifier] + children { Glibc.kill(number, SIGKILL) }
        process.waitUntilExit()
        // The next server refuses to start while one of them still holds the shared memory.
        for child in children {
            for _ in 0..<1000 where ProcessTree.isAlive(child) { usleep(10_000) }
        }
        self.process = nil
    }

    /// Starts it again on the same port, after ``stop()`` or ``kill()``, and waits until it answers.
    public func restart() throws {
        stop()
        try start()
    }

    /// Runs SQL in the database and returns what `psql` prints: a row a line, columns divided by `|`.
    public func query(_ sql: String) throws -> String {
        try run(
            "psql", ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command", sql, url])
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func start() throws {
        let log = folder.appending(path: "log")
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        let settings = [
            "listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(folder.path)", "fsync=on",
            "shared_buffers=32MB", "max_connections=60",
        ]
        let process = command("postgres", ["-D", data.path] + settings.flatMap { ["-c", $0] })
        process.standardOutput = output
        process.standardError = output
        try process.run()
        self.process = process
        for _ in 0..<1200 {
            guard process.isRunning else { break }
            if (try? administer("pg_isready", [])) != nil { return }
            usleep(50_000)
        }
        throw Failure(description: "PostgreSQL did not start: \(self.log.suffix(2000))")
    }

    // MARK: Commands

    /// The user to run the server as: PostgreSQL refuses to run as root.
    private static var user: String? {
        guard getuid() == 0 else { return nil }
        return getpwnam("postgres") == nil ? "nobody" : "postgres"
    }

    private func command(_ program: String, _ arguments: [String], asUser: Bool = true) -> Process {
        let path = program.hasPrefix("/") ? program : programs.appending(path: program).path
        let process = Process()
        if asUser, let user = PostgresServer.user {
            process.executableURL = URL(filePath: "/usr/bin/setpriv")
            process.arguments = ["--reuid", user, "--regid", "\(getpwnam(user)!.pointee.pw_gid)", "--clear-groups", "--", path] + arguments
        } else {
            process.executableURL = URL(filePath: path)
            process.arguments = arguments
        }
        // The caller's folder may be closed to that user.
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// Runs a client program as the server's administrator.
    private func administer(_ program: String, _ arguments: [String]) throws {
        try run(program, ["--host", "127.0.0.1", "--port", "\(port)", "--username", "postgres"] + arguments)
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String], asUser: Bool = true) throws -> String {
        let process = command(program, arguments, asUser: asUser)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: "\(program) failed: \(text)") }
        return text
    }

    // MARK: The machine

    /// A port that nobody listens on now.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
        }
        guard isBound else { throw Failure(description: "there is no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
