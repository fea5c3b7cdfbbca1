import Catalogue
import Foundation

/// Every method's speed beside PyTorch's.
struct MethodsBench {
    let options: PyTorchOptions
    /// The methods to measure; empty: all.
    let methods: [String]
    /// The folder of bench_methods.py.
    let scripts: String

    func run() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let python = options.python(scripts: scripts)
        let chosen = try methods.isEmpty ? Catalogue.methods : methods.map { name in
            guard let method = Catalogue.method(name) else { throw BenchError("there is no method '\(name)'") }
            return method
        }
        print("each method at its defaults, random images and weights, \(options.threads) threads: images a second")
        let line = ProgressLine()
        var rows: [[String]] = []
        for (index, method) in chosen.enumerated() {
            line.show("\(method.name), \(index + 1) of \(chosen.count)")
            let speed = try MethodSpeed(method, threads: options.threads, folder: folder, python: python)
            rows.append([
                speed.method, "\(speed.inputSize)", "\(speed.batchSize)",
                decimal(speed.ours.training, 1), decimal(speed.theirs.training, 1), decimal(speed.ours.training / speed.theirs.training, 2),
                decimal(speed.ours.scoring, 1), decimal(speed.theirs.scoring, 1), decimal(speed.ours.scoring / speed.theirs.scoring, 2),
            ])
        }
        line.clear()
        let names = ["method", "size", "batch", "training: ours", "theirs", "ratio", "scoring: ours", "theirs", "ratio"]
        print(TextTable(names, rows: rows).text)
    }
}
