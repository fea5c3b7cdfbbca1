import Foundation

/// A PostgreSQL server of Debian's package in a folder of its own, with its standard settings: every commit is synced.
final class PostgreSQLServer {
    private let process: ChildProcess
    private let programs: URL
    private let port: UInt16
    private let folder: URL
    private var databases = 0

    init(folder: URL) throws {
        self.folder = folder
        programs = try Self.findPrograms()
        port = try Self.freePort()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let data = folder.appending(path: "data")
        // PostgreSQL refuses to run as root; Debian's package brings a user for it.
        if getuid() == 0 {
            guard let user = getpwnam("postgres") else { throw BenchError("there is no user 'postgres' to run PostgreSQL as") }
            guard chown(folder.path, user.pointee.pw_uid, user.pointee.pw_gid) == 0 else {
                throw BenchError("cannot hand '\(folder.path)' to the user 'postgres'")
            }
        }
        let logs = folder.deletingLastPathComponent()
        let initialise = Self.command(
            programs.appending(path: "initdb"),
            ["-D", data.path, "-U", "medsweep", "--auth=trust", "--no-locale", "--encoding=UTF8"])
        try ChildProcess(initialise.0, initialise.1, output: logs.appending(path: "initdb")).wait()
        let serve = Self.command(
            programs.appending(path: "postgres"),
            ["-D", data.path, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-k", folder.path])
        process = try ChildProcess(serve.0, serve.1, output: logs.appending(path: "postgres-log"))
        for _ in 0..<100 {
            if (try? makeDatabase()) != nil { return }
            usleep(100_000)
        }
        throw BenchError("PostgreSQL did not start: \(process.lastWords)")
    }

    /// An empty database's address for `medsweep serve --store`.
    func emptyDatabase() throws -> String { "postgres://medsweep@127.0.0.1:\(port)/\(try makeDatabase())" }

    /// Does not wait for clients to leave, as SIGTERM would.
    func stop() { process.terminate(SIGINT) }

    private func makeDatabase() throws -> String {
        databases += 1
        let name = "bench\(databases)"
        try ChildProcess(
            programs.appending(path: "createdb"), ["-h", "127.0.0.1", "-p", String(port), "-U", "medsweep", name],
            output: folder.deletingLastPathComponent().appending(path: "createdb")
        ).wait()
        return name
    }

    private static func findPrograms() throws -> URL {
        let root = URL(filePath: "/usr/lib/postgresql")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        guard let newest = versions.max(by: { Int($0) ?? 0 < Int($1) ?? 0 }) else {
            throw BenchError("PostgreSQL is not installed; install Debian's package 'postgresql'")
        }
        return root.appending(path: "\(newest)/bin")
    }

    private static func command(_ program: URL, _ arguments: [String]) -> (URL, [String]) {
        guard getuid() == 0 else { return (program, arguments) }
        return (
            URL(filePath: "/usr/bin/setpriv"),
            ["--reuid=postgres", "--regid=postgres", "--init-groups", program.path] + arguments
        )
    }

    /// A port that nothing listens on at this moment.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw BenchError("there is no free port for PostgreSQL") }
        return UInt16(bigEndian: address.sin_port)
    }
}
