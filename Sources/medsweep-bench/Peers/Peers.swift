import Foundation

/// Other programs that hand out work, measured in the same run on the same disk.
struct Peers {
    let python: URL
    let scripts: URL
    let folder: WorkFolder
    let tasks: Int
    let trials: Int

    /// What the scripts print.
    private struct Measured: Decodable {
        let about: String
        let perSecond: Double
    }

    /// All of them, one after the other; one that cannot run is told of and passed over.
    func measure(_ progress: ProgressLine) -> [PeerRate] {
        let runs = [
            ("HyperQueue", "hyperqueue_rate.py", [String(tasks)]),
            ("Optuna, one process", "optuna_rate.py", [String(trials), "1"]),
            ("Optuna, two processes", "optuna_rate.py", [String(trials), "2"]),
        ]
        return runs.map { name, script, arguments in
            progress.show(name)
            do {
                let measured = try run(script, arguments)
                return PeerRate(name: name, about: measured.about, perSecond: measured.perSecond)
            } catch {
                return PeerRate(name: name, about: "", problem: "\(error)")
            }
        }
    }

    private func run(_ script: String, _ arguments: [String]) throws -> Measured {
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw BenchError("there is no '\(python.path)'; `make bench` makes it")
        }
        let place = folder.sub("peer-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let process = try ChildProcess(
            python, [scripts.appending(path: script).path, place.path] + arguments,
            output: folder.sub("peer"))
        try process.wait()
        guard let line = process.written.split(separator: "\n").last,
            let measured = try? JSONDecoder().decode(Measured.self, from: Data(line.utf8))
        else { throw BenchError("\(script) printed no result") }
        return measured
    }
}
