import Foundation
import FoundationNetworking
import Testing
import Wire

/// The built programs, run as a user would run them.
enum Programs {
    /// The folder of the build's products, in which this test program lies too.
    static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Runs a program to its end.
    static func run(_ name: String, _ arguments: [String], in directory: URL) async throws -> Outcome {
        let program = try Program(name, arguments, in: directory)
        await program.ended()
        return Outcome(status: program.process.terminationStatus, output: program.output, errors: program.errors)
    }
}

/// A program that runs beside the test. Its output goes to files, so that no pipe can fill up.
final class Program {
    let process = Process()
    private let log: URL
    private let end: AsyncStream<Never>

    init(_ name: String, _ arguments: [String], in directory: URL, environment: [String: String] = [:]) throws {
        log = directory.appending(path: "log-\(UUID().uuidString)")
        let (end, finish) = AsyncStream.makeStream(of: Never.self)
        self.end = end
        process.terminationHandler = { _ in finish.finish() }
        process.executableURL = name.hasPrefix("/") ? URL(filePath: name) : Programs.folder.appending(path: name)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment
            .merging(["XDG_CACHE_HOME": directory.appending(path: "cache").path]) { $1 }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // A shell that starts the tests in the background has SIGINT ignored, which programs inherit and respect.
        for number in [SIGINT, SIGHUP] { signal(number, SIG_DFL) }
        for suffix in ["out", "err"] { try Data().write(to: URL(filePath: "\(log.path).\(suffix)")) }
        process.standardOutput = FileHandle(forWritingAtPath: "\(log.path).out")
        process.standardError = FileHandle(forWritingAtPath: "\(log.path).err")
        try process.run()
    }

    var output: String { (try? String(contentsOfFile: "\(log.path).out", encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOfFile: "\(log.path).err", encoding: .utf8)) ?? "" }

    /// SIGKILL: no chance to tidy up.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for the end without holding one of the few threads that all tests share.
    func ended() async { for await _ in end {} }

    /// SIGTERM, and the end waited for.
    func stop() async {
        process.terminate()
        await ended()
    }

    deinit { if process.isRunning { kill() } }
}

/// A coordinator process on a loopback port.
final class ServedCoordinator {
    let program: Program
    let address: String
    let state: URL

    /// - Parameters:
    ///   - name: of the state folder: two coordinators need two.
    ///   - port: 0 for a free one; a number to come back where an earlier one was.
    ///   - lease: many heartbeats, so that a busy machine that delays some takes no lease from a living worker.
    ///   - options: more of `medsweep serve`.
    init(
        in directory: URL, name: String = "served-state", port: Int = 0, lease: Double = 10, heartbeat: Double = 0.3,
        options: [String] = []
    ) async throws {
        state = directory.appending(path: name)
        try? FileManager.default.removeItem(at: state.appending(path: "address"))
        program = try Program(
            "medsweep",
            ["serve", "--state", state.path, "--port", "\(port)", "--lease", "\(lease)", "--heartbeat", "\(heartbeat)"]
                + options,
            in: directory)
        address = try await ServedCoordinator.wait(for: state, program)
    }

    /// The coordinator inside `medsweep run`.
    init(of program: Program, state: URL) async throws {
        self.program = program
        self.state = state
        address = try await ServedCoordinator.wait(for: state, program)
    }

    var port: Int { URL(string: address)!.port! }

    private static func wait(for state: URL, _ program: Program) async throws -> String {
        // As long as it takes on a busy machine; one that cannot start ends, and its words are shown.
        while program.process.isRunning {
            if let text = try? String(contentsOf: state.appending(path: "address"), encoding: .utf8),
                let first = text.split(separator: " ").first
            {
                return String(first)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw NotStarted(errors: program.errors)
    }

    struct NotStarted: Error { let errors: String }

    /// GET with a decoded body.
    func get<Body: Decodable>(_ path: String, as type: Body.Type = Body.self) async throws -> Body {
        let (data, _) = try await URLSession.shared.data(from: URL(string: address + path)!)
        return try WireCoding.decode(type, from: data)
    }

    /// The bytes of an answer.
    func bytes(_ path: String) async throws -> Data { try await URLSession.shared.data(from: URL(string: address + path)!).0 }

    /// All jobs of a sweep, in order.
    func jobs(of sweep: String) async throws -> [JobRow] {
        try await get(Routes.jobs(sweep: sweep) + "?limit=1000", as: JobPage.self).jobs
    }

    /// Waits until `condition` holds of the sweep's status.
    func wait(for sweep: String, until condition: (SweepStatus) -> Bool) async throws -> SweepStatus {
        for _ in 0..<6000 {
            if let status = try? await get(Routes.sweep(sweep), as: SweepStatus.self), condition(status) { return status }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw NotStarted(errors: "the sweep did not get there within ten minutes: \(program.errors)")
    }
}
