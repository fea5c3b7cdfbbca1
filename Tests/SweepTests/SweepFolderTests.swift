import Catalogue
import Foundation
import Testing

@testable import Sweep

/// Every file of `Sweeps/`: it can be planned, what it costs is known, and its comment says so.
@Suite struct SweepFolderTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sweeps")

    static let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.sorted()

    private func sweep(_ file: String) throws -> (sweep: SweepFile, jobs: [PlannedJob], source: String) {
        let source = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
        let sweep = try SweepFile.parse(source: source, file: file)
        let contents = Dictionary(sweep.datasetNames.map { ($0, DatasetContent(fingerprint: "any")) }) { first, _ in first }
        return (sweep, Array(try sweep.jobs(contents: contents)), source)
    }

    @Test func thereAreSweeps() {
        let studies = ["table6-reconstruction", "table7-pixel", "ablation-latent", "ablation-architecture", "ablation-distance", "ablation-gradient"]
        #expect(Set(Self.files).isSuperset(of: studies.map { "\($0).yaml" } + ["demo.yaml"]))
    }

    @Test(arguments: files) func fileIsPlanned(_ file: String) throws {
        let (sweep, jobs, _) = try sweep(file)
        #expect(sweep.name == file.dropLast(5) && !jobs.isEmpty)
    }

    /// The study's sweeps: three seeds of everything, its epochs, and in the comment their jobs and hours.
    @Test(arguments: files.filter { !$0.hasPrefix("demo") }) func studysSweepsSayTheirCost(_ file: String) throws {
        let (_, jobs, source) = try sweep(file)
        #expect(Set(jobs.map(\.job.seed)) == [0, 1, 2])
        let groups = Dictionary(grouping: jobs) { "\($0.job.method) \($0.job.dataset) \($0.job.configuration.canonicalJSON)" }
        #expect(groups.values.allSatisfy { $0.count == 3 })
        for job in jobs.map(\.job) {
            let method = try #require(Catalogue.method(job.method)), dataset = try #require(Catalogue.dataset(job.dataset))
            #expect(job.configuration["epochs"] == method.resolve([:], for: dataset)["epochs"])
        }
        let cost = SweepCost(jobs, counts: [:], machine: .t4)
        #expect(cost.unknown.isEmpty)
        let hours = Int((cost.total.seconds / 3600).rounded())
        #expect(source.contains("\(jobs.count) jobs, about \(hours) GPU hours"), "\(jobs.count) jobs, about \(hours) GPU hours")
    }
}

/// What a sweep takes.
@Suite struct SweepCostTests {
    private func jobs(_ text: String) throws -> [PlannedJob] {
        let sweep = try SweepFile.parse(source: text, file: "s.yaml", datasets: Catalogue.datasets + [.custom("own")])
        return Array(try sweep.jobs(contents: Dictionary(sweep.datasetNames.map { ($0, DatasetContent(fingerprint: "f")) }) { first, _ in first }))
    }

    @Test func partsAddUp() throws {
        let jobs = try jobs("{sweep: s, matrix: {method: [vae, ae], dataset: [rsna, own], seed: [0, 1]}, fixed: {epochs: 2}}")
        let cost = SweepCost(jobs, counts: ["own": .init(train: 64, testNormal: 1, testAbnormal: 1)], machine: .t4)
        #expect(cost.total.jobs == 8 && cost.methods.map(\.name) == ["ae", "vae"] && cost.unknown.isEmpty)
        #expect(cost.total.cost.trainingImages == 4 * 2 * (3851 + 64) && cost.total.cost.scoredImages == 4 * 2002)
        #expect(cost.methods.reduce(0) { $0 + $1.part.jobs } == 8)
        let seconds = cost.methods.reduce(0) { $0 + $1.part.seconds }
        #expect(abs(seconds - cost.total.seconds) < 1e-9)
        let slower = SweepCost(jobs, counts: [:], machine: Machine(name: "m", sustainedTeraflops: 1e-3, secondsPerStep: 0))
        let work = try #require(slower.methods.first).part
        #expect(abs(work.seconds - work.cost.multiplyAccumulates * 2 / 1e9) < 1e-6 * work.seconds)
    }

    @Test func whatIsNotKnownIsSaid() throws {
        let cost = SweepCost(
            try jobs("{sweep: s, matrix: {method: ae, dataset: [rsna, own], seed: [0, 1]}}"), counts: [:], machine: .t4)
        #expect(cost.total.jobs == 4 && cost.unknown == ["data set own": 2] && cost.total.cost.scoredImages == 4000)
    }
}
