import ArgumentParser
import Foundation
import Torch

Bench.main()

/// `make bench`: agreement with PyTorch, training speed beside PyTorch's, and the coordinator's throughput.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medsweep-bench",
        abstract: "Compares training with PyTorch in one run, and measures jobs a second through a coordinator.",
        discussion: "Example: medsweep-bench --data demo-data --scripts Tests/AnomalyDetectionTests/Fixtures")

    @Option(help: "The folder that `medsweep data demo` prepared.")
    var data: String

    @Option(help: "The folder of parity.py and bench.py.")
    var scripts: String

    @Option(help: "The Python that has PyTorch.")
    var python = "/usr/bin/python3"

    @Option(help: "A folder of libraries for that Python to prefer; the BLAS we use ourselves by default.")
    var libraryPath = "/usr/lib/x86_64-linux-gnu/openblas-openmp"

    @Option(help: "Compute threads of either side.")
    var threads = 2

    @Option(help: "Timed steps of each round.")
    var steps = 60

    @Option(help: "Rounds; ours and theirs take turns.")
    var rounds = 3

    @Option(help: "No-op jobs sent through a coordinator and one worker; 0: none.")
    var jobs = 2000

    func run() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let python = Python(
            executable: python, scripts: URL(filePath: scripts), environment: ["LD_LIBRARY_PATH": libraryPath])
        print("engine: \(LibTorch.description), \(threads) threads")
        try agreement(folder, python)
        try speed(folder, python)
        if jobs > 0 { try Throughput(jobs: jobs, folder: folder.appending(path: "throughput")).run() }
    }

    private func comparison(_ method: String, _ folder: URL) throws -> Comparison {
        try Comparison(
            method: method, threads: threads, dataFolder: URL(filePath: data).appending(path: "colin27-axial"),
            folder: folder.appending(path: method))
    }

    private func agreement(_ folder: URL, _ python: Python) throws {
        print("\nsame data, initial weights and batches as PyTorch, 50 steps")
        for method in ["ae", "ae-ssim"] {
            let result = try comparison(method, folder).agreement(steps: 50, python: python)
            print("\(method): loss  step:     1         10        20        50")
            for (name, losses) in [("ours  ", result.ours), ("theirs", result.theirs)] {
                print("  \(name)          " + [0, 9, 19, 49].map { decimal(losses[$0], 6) }.joined(separator: "  "))
            }
            print("  largest relative difference: first 3 steps \(scientific(result.difference(first: 3))), "
                + "all 50 \(scientific(result.difference(first: 50)))")
            print("  AUC after 50 steps: ours \(decimal(result.auc, 4)), theirs \(decimal(result.theirAUC, 4))")
            // Our faster kernels sum in another order; with PyTorch's own the curves are the same.
            LibTorch.usesPlainOperators = true
            let plain = try comparison(method, folder).agreement(steps: 50, python: python)
            LibTorch.usesPlainOperators = false
            print("  with PyTorch's own kernels: largest relative difference of all 50 \(scientific(plain.difference(first: 50))), "
                + "AUC \(decimal(plain.auc, 4))")
        }
    }

    private func speed(_ folder: URL, _ python: Python) throws {
        print("\ntraining images a second, 64×64, batch 64 (ours / theirs, each round)")
        for method in ["ae", "vae"] {
            let comparison = try comparison(method, folder)
            var ratios: [Double] = []
            var pairs: [String] = []
            for _ in 0..<rounds {
                let ours = try comparison.speed(steps: steps)
                let theirs = try comparison.theirSpeed(python: python)
                ratios.append(ours / theirs)
                pairs.append("\(decimal(ours, 0)) / \(decimal(theirs, 0))")
            }
            let median = ratios.sorted()[ratios.count / 2]
            print("\(method): \(pairs.joined(separator: ", "));  median ratio \(decimal(median, 2))")
        }
    }
}

/// `value` with a fixed number of decimals.
func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

func scientific(_ value: Double) -> String { String(format: "%.1e", value) }
