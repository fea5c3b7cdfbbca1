import Catalogue
import Foundation
import Torch

/// Every method's speed beside PyTorch's.
struct MethodsBench {
    let options: PyTorchOptions
    let rounds: MethodsOptions
    /// The methods to measure; empty: all that are restated.
    let methods: [String]
    /// The folder of bench_methods.py.
    let scripts: String

    func run() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let chosen = try Self.chosen(methods)
        print(
            "each method at its defaults, random images and weights, \(options.threads) \(options.threads == 1 ? "thread" : "threads"), "
                + "median of \(rounds.rounds) rounds; ours on \(LibTorch.description)")
        let line = ProgressLine()
        let runner = MethodRounds(folder: folder, python: options.python(scripts: scripts))
        var speeds: [MethodSpeed] = []
        for (index, method) in chosen.enumerated() {
            line.show("\(method.name), \(index + 1) of \(chosen.count)")
            let workload = try Workload(method, device: "cpu", threads: options.threads, seconds: rounds.seconds)
            let speed = try runner.measure(workload, rounds: rounds.rounds)
            line.show(
                "\(method.name): ratio of training \(decimal(speed.ratio(\.measurement.training), 2)), of scoring "
                    + decimal(speed.ratio(\.measurement.scoring), 2))
            speeds.append(speed)
        }
        line.clear()
        print(Self.table(speeds))
        if let file = rounds.json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(speeds).write(to: URL(filePath: file))
        }
    }

    /// Methods that bench_methods.py does not restate.
    private static let alone: Set = [
        "rd", "rdpp", "recontrast", "panda", "msc", "padim", "stfpm", "simplenet", "anomalydino", "dinomaly",
    ]

    /// The methods of those names; of none, all that there is something to compare with.
    static func chosen(_ names: [String]) throws -> [MethodDescription] {
        try names.isEmpty ? Catalogue.methods.filter { !alone.contains($0.name) } : names.map { name in
            guard let method = Catalogue.method(name) else { throw BenchError("there is no method '\(name)'") }
            guard !alone.contains(name) else { throw BenchError("'\(name)' is not restated in bench_methods.py; leave it out") }
            return method
        }
    }

    static func table(_ speeds: [MethodSpeed]) -> String {
        let names = [
            "images a second", "size", "batch", "training", "theirs", "ratio", "scoring", "theirs", "ratio", "first step s", "theirs",
            "peak MiB", "theirs",
        ]
        let rows = speeds.map { speed in
            [
                speed.workload.method, "\(speed.workload.inputSize)", speed.workload.batchSize > 0 ? "\(speed.workload.batchSize)" : "fit",
                decimal(speed.ours(\.measurement.training), 1), decimal(speed.theirs(\.measurement.training), 1),
                decimal(speed.ratio(\.measurement.training), 2), decimal(speed.ours(\.measurement.scoring), 1),
                decimal(speed.theirs(\.measurement.scoring), 1), decimal(speed.ratio(\.measurement.scoring), 2),
                decimal(speed.ours(\.start), 1), decimal(speed.theirs(\.start), 1), "\(speed.memory.ours >> 20)",
                "\(speed.memory.theirs >> 20)",
            ]
        }
        func summary(_ name: String, _ value: KeyPath<MethodSpeed.Run, Double>) -> String {
            let ratios = speeds.map { ($0.workload.method, $0.ratio(value)) }
            guard let worst = ratios.min(by: { $0.1 < $1.1 }) else { return "" }
            return "\(name): median ratio \(decimal(median(ratios.map(\.1)), 2)), worst \(decimal(worst.1, 2)) (\(worst.0))"
        }
        return TextTable(names, rows: rows).text + "\n" + summary("training", \.measurement.training) + "\n"
            + summary("scoring", \.measurement.scoring)
    }
}
