import Foundation
import Torch

/// Agreement with PyTorch, and training speed beside PyTorch's.
struct TrainingBench {
    let options: TrainingOptions
    /// The folder of parity.py and bench.py.
    let scripts: String

    func run() throws {
        let folder = URL.temporaryDirectory.appending(path: "medsweep-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let python = options.pyTorch.python(scripts: scripts)
        print("engine: \(LibTorch.description), \(options.pyTorch.threads) threads")
        try agreement(folder, python)
        try speed(folder, python)
    }

    private func comparison(_ method: String, _ folder: URL) throws -> Comparison {
        try Comparison(
            method: method, threads: options.pyTorch.threads, dataFolder: URL(filePath: options.data).appending(path: "colin27-axial"),
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
            let plain = try LibTorch.$usesPlainOperators.withValue(true) {
                try comparison(method, folder).agreement(steps: 50, python: python)
            }
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
            for _ in 0..<options.stepRounds {
                let ours = try comparison.speed(steps: options.steps)
                let theirs = try comparison.theirSpeed(python: python)
                ratios.append(ours / theirs)
                pairs.append("\(decimal(ours, 0)) / \(decimal(theirs, 0))")
            }
            let median = ratios.sorted()[ratios.count / 2]
            print("\(method): \(pairs.joined(separator: ", "));  median ratio \(decimal(median, 2))")
        }
    }
}
