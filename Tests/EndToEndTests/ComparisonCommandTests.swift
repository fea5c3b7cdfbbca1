import Foundation
import Sweep
import Testing
import Wire

/// `medsweep compare` and `medsweep export`, with sweeps that were trained.
@Suite(.serialized) struct ComparisonCommandTests {
    /// Two sweeps that share the job of seed 1.
    private func trained() async throws -> (place: Workplace, coordinator: ServedCoordinator) {
        let place = try Workplace()
        let coordinator = try await ServedCoordinator(in: place.folder, lease: 30)
        for (name, seeds) in [("before", "0, 2"), ("after", "1, 4")] {
            let file = try place.write(
                """
                sweep: \(name)
                fixed: {epochs: 3, batch_size: 8, input_size: 32, hidden_size: 16, latent_size: 4}
                matrix: {method: ae, dataset: discs, seed: "range(\(seeds))"}
                """, to: "\(name).yaml")
            let outcome = try await Programs.run(
                "medsweep", ["submit", file, "--coordinator", coordinator.address, "--data", place.data.path], in: place.folder)
            try #require(outcome.status == 0, "\(outcome.errors)")
        }
        let worker = try Program(
            "medsweep-worker",
            ["--coordinator", coordinator.address, "--data", place.data.path, "--jobs", "1",
             "--spool", place.folder.appending(path: "spool").path], in: place.folder)
        for name in ["before", "after"] { _ = try await coordinator.wait(for: name) { $0.isFinished } }
        await worker.stop()
        return (place, coordinator)
    }

    private struct Comparison: Decodable {
        struct Side: Decodable { let n, expected: Int; let mean, sd: Double? }
        struct Cell: Decodable { let method, variant, dataset: String; let first, second: Side?; let seeds: [Int]; let difference: Double? }
        let first, second, metric: String
        let cells: [Cell]
    }

    private struct JobComparison: Decodable {
        struct Setting: Decodable { let name: String; let first, second: String? }
        struct File: Decodable { let name, outcome: String }
        let first, second: String
        let settings: [Setting]
        let artefacts: [File]
    }

    @Test func comparesSweepsAndJobs() async throws {
        let (place, coordinator) = try await trained()
        func run(_ words: String...) async throws -> Programs.Outcome {
            try await Programs.run("medsweep", ["compare"] + words + ["--coordinator", coordinator.address], in: place.folder)
        }
        let (before, after) = (try await coordinator.jobs(of: "before"), try await coordinator.jobs(of: "after"))
        // The one metric is among those that come in columns, the other stands in whole results only.
        let whole = try #require(before[0].result).metrics.keys.sorted().first { !["auc", "ap"].contains($0) && !$0.contains("dice") }
        for metric in ["auc", "ap"] + [whole].compactMap({ $0 }) {
            let outcome = try await run("before", "after", "-m", metric, "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let comparison: Comparison = try WireCoding.decode(from: Data(outcome.output.utf8))
            #expect(comparison.first == "before" && comparison.second == "after" && comparison.metric == metric)
            let cell = try #require(comparison.cells.first)
            #expect(comparison.cells.count == 1 && cell.method == "ae" && cell.dataset == "discs" && cell.variant.isEmpty)
            for (jobs, side) in [(before, cell.first), (after, cell.second)] {
                let side = try #require(side)
                let values = jobs.compactMap { $0.result?.metrics[metric] }
                let mean = values.reduce(0, +) / Double(values.count)
                let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count - 1)).squareRoot()
                #expect(side.n == jobs.count && side.expected == jobs.count && values.count == jobs.count)
                let (shownMean, shownDeviation) = (try #require(side.mean), try #require(side.sd))
                #expect(abs(shownMean - mean) < 1e-9 && abs(shownDeviation - deviation) < 1e-9, "\(metric)")
            }
            // The job of seed 1 is one and the same in both.
            #expect(cell.seeds == [1] && cell.difference == 0)
        }
        let text = try await run("before", "after")
        #expect(text.status == 0 && text.output.contains("(2/2)") && text.output.contains("(3/3)"), "\(text.output)\(text.errors)")

        let jobs = try await run(before[0].identity, String(before[1].identity.prefix(8)), "--json")
        #expect(jobs.status == 0, "\(jobs.errors)")
        let pair: JobComparison = try WireCoding.decode(from: Data(jobs.output.utf8))
        #expect(pair.first == before[0].identity && pair.second == before[1].identity)
        #expect(pair.settings.map(\.name) == ["seed"])
        #expect(!pair.artefacts.isEmpty && pair.artefacts.contains { $0.outcome == "different" })
        let same = try await run(before[1].identity, after[0].identity)
        #expect(same.output.hasSuffix("no setting differs\n") && !same.output.contains("other bytes"), "\(same.output)")

        let mixed = try await run("before", before[0].identity)
        #expect(mixed.status == 64 && mixed.output.isEmpty && mixed.errors.contains("name two sweeps or two jobs"), "\(mixed.errors)")
        let unknown = try await run("before", "aftr")
        #expect(unknown.status == 65 && unknown.errors.contains("'after'"), "\(unknown.errors)")
    }

    @Test func exportsOneRunAJobAndReplacesOnlyExports() async throws {
        let (place, coordinator) = try await trained()
        func run(_ words: String...) async throws -> Programs.Outcome {
            try await Programs.run("medsweep", ["export"] + words + ["--coordinator", coordinator.address], in: place.folder)
        }
        struct Summary: Decodable { let sweep, format, folder: String; let runs, files: Int }
        let files = FileManager.default
        func contents(_ folder: String) -> [String] {
            (files.enumerator(atPath: place.folder.appending(path: folder).path)?.allObjects as? [String] ?? []).filter { name in
                var isFolder: ObjCBool = false
                return files.fileExists(atPath: place.folder.appending(path: "\(folder)/\(name)").path, isDirectory: &isFolder) && !isFolder.boolValue
            }
        }
        let identities = try await coordinator.jobs(of: "after").map { String($0.identity.prefix(8)) }
        for format in ["tensorboard", "mlflow", "wandb-csv"] {
            let outcome = try await run(format, "after", "runs-\(format)", "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let summary: Summary = try WireCoding.decode(from: Data(outcome.output.utf8))
            #expect(summary.sweep == "after" && summary.format == format && summary.runs == 3)
            let written = contents("runs-\(format)").filter { $0 != "medsweep-export.json" }
            #expect(written.count == summary.files, "\(written)")
            if format == "tensorboard" {
                #expect(written.count == 3 && identities.allSatisfy { identity in written.contains { $0.contains(identity) } }, "\(written)")
            }
        }
        let table = try String(contentsOf: place.folder.appending(path: "runs-wandb-csv/wandb_export.csv"), encoding: .utf8)
        #expect(identities.allSatisfy(table.contains))

        let taken = try await run("wandb-csv", "after", "runs-wandb-csv")
        #expect(taken.status == 73 && taken.errors.contains("--force"), "\(taken.errors)")
        let replaced = try await run("wandb-csv", "before", "runs-wandb-csv", "--force")
        #expect(replaced.status == 0 && replaced.output.hasPrefix("wrote 2 runs of 'before'"), "\(replaced.output)\(replaced.errors)")
        let foreign = try await run("wandb-csv", "before", "data", "--force")
        #expect(foreign.status == 73 && foreign.output.isEmpty, "\(foreign.errors)")
        #expect(files.fileExists(atPath: place.data.appending(path: "discs/data.json").path))
        let left = try files.contentsOfDirectory(atPath: place.folder.path).filter { $0.contains("runs-") }.sorted()
        #expect(left == ["runs-mlflow", "runs-tensorboard", "runs-wandb-csv"])
    }
}
