import Foundation

/// A real `medsweep serve` on a free port, with its state in a folder of its own.
final class ServerProcess {
    let process: ChildProcess
    let address: String
    let port: UInt16

    /// - Parameter store: passed on as `--store`, if given.
    init(programs: Programs, folder: URL, store: String?) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let state = folder.appending(path: "state")
        process = try ChildProcess(
            programs.coordinator,
            ["serve", "--state", state.path, "--port", "0"] + (store.map { ["--store", $0] } ?? []),
            output: folder.appending(path: "serve"))
        let deadline = MonotonicClock.seconds + 30
        while true {
            if let text = try? String(contentsOf: state.appending(path: "address"), encoding: .utf8),
                let address = text.split(separator: " ").first,
                let port = address.split(separator: ":").last.flatMap({ UInt16($0) })
            {
                self.address = String(address)
                self.port = port
                return
            }
            guard process.isAlive, MonotonicClock.seconds < deadline else {
                throw BenchError("the coordinator did not start: \(process.lastWords)")
            }
            usleep(20_000)
        }
    }

    func status() throws -> ProcessStatus { try ProcessStatus(process.identifier) }

    func stop() { process.terminate() }
}
