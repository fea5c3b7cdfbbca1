import Foundation

/// Jobs a second from lease to recorded result, through a real coordinator and one worker that trains nothing.
struct Throughput {
    let jobs: Int
    let folder: URL

    func run() throws {
        let bin = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let sweep = folder.appending(path: "noop.yaml")
        try Data(
            "sweep: noop\nmatrix: {method: ae, dataset: colin27-axial, seed: \"range(0, \(jobs))\"}\n".utf8
        ).write(to: sweep)
        let state = folder.appending(path: "state")
        let coordinator = Process()
        coordinator.executableURL = bin.appending(path: "medsweep")
        coordinator.arguments = ["serve", "--state", state.path, "--port", "0"]
        coordinator.standardError = FileHandle.nullDevice
        try coordinator.run()
        defer {
            coordinator.terminate()
            coordinator.waitUntilExit()
        }
        let address = try waitForAddress(state)
        // A worker that trains nothing needs no images; the coordinator needs a fingerprint.
        try command(bin, "medsweep", ["submit", sweep.path, "--coordinator", address, "--data", dataFolder()])
        let start = ContinuousClock.now
        try command(
            bin, "medsweep-worker",
            ["--coordinator", address, "--data", dataFolder(), "--slots", "8", "--no-op", "--exit-when-idle", "0.1"])
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print("\nno-op jobs through a coordinator (SQLite, synchronous=FULL) and one worker: "
            + "\(jobs) in \(decimal(seconds, 2)) s, \(decimal(Double(jobs) / seconds, 0)) a second")
    }

    /// A data set of the least size that passes for one.
    private func dataFolder() throws -> String {
        let root = folder.appending(path: "data/colin27-axial")
        let images = root.appending(path: "images")
        guard !FileManager.default.fileExists(atPath: images.path) else { return root.deletingLastPathComponent().path }
        try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
        for name in ["a", "b", "c", "d"] { try Data(name.utf8).write(to: images.appending(path: "\(name).png")) }
        try Data(#"{"train": {"0": ["a.png", "b.png"]}, "test": {"0": ["c.png"], "1": ["d.png"]}}"#.utf8)
            .write(to: root.appending(path: "data.json"))
        return root.deletingLastPathComponent().path
    }

    private func waitForAddress(_ state: URL) throws -> String {
        for _ in 0..<200 {
            if let text = try? String(contentsOf: state.appending(path: "address"), encoding: .utf8),
                let address = text.split(separator: " ").first
            {
                return String(address)
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw BenchError("the coordinator did not start within ten seconds")
    }

    private func command(_ bin: URL, _ name: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = bin.appending(path: name)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError("\(name) \(arguments.first ?? "") failed with status \(process.terminationStatus)")
        }
    }
}
