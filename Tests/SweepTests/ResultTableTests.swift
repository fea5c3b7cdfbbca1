import Catalogue
import Testing

@testable import Sweep

struct ResultTableTests {
    private func row(
        _ method: String, _ dataset: String, _ seed: Int, _ auc: Double?, _ settings: Settings = [:]
    ) throws -> ResultRow {
        let description = try #require(Catalogue.method(method))
        let job = JobDescription(
            method: method, configuration: description.resolve(settings, for: .custom(dataset)), dataset: dataset,
            fingerprint: "f", seed: seed)
        return ResultRow(
            identity: job.identity, job: job, state: auc == nil ? .quarantined : .done, metrics: auc.map { ["auc": $0] })
    }

    /// Seeds that were trained in several places are told from others.
    @Test func cellsKnowWhereTheirSeedsComeFrom() throws {
        let machines = ["avx2", "avx512"].map {
            EngineClass(platform: .init(device: "cpu", libtorch: "2.13.0", kernels: $0), precision: .float32, threads: 1)
        }
        func rows(_ engines: [EngineClass?]) throws -> [ResultRow] {
            try engines.enumerated().map { seed, engine in
                let row = try row("ae", "brain", seed, engine == nil ? nil : 0.5)
                return ResultRow(identity: row.identity, job: row.job, state: row.state, metrics: row.metrics, engine: engine)
            }
        }
        func cell(_ engines: [EngineClass?]) throws -> ResultTable.Cell? {
            ResultTable(try rows(engines)).cell(.init(method: "ae", variant: ""), "brain")
        }
        #expect(try cell([machines[0], nil, machines[0]])?.isMixed == false)
        #expect(try cell([machines[1], machines[0]])?.engines == [machines[1], machines[0]])
        #expect(try cell([machines[1], machines[0]])?.isMixed == true)
        #expect(try cell([nil])?.engines == [])
    }

    /// numpy: np.mean([.81, .82, .86]) and np.std([.81, .82, .86], ddof=1)
    @Test func meanAndDeviation() throws {
        let summary = try #require(ResultTable.Summary([0.81, 0.82, 0.86]))
        #expect(abs(summary.mean - 0.83) < 1e-15)
        #expect(abs(try #require(summary.deviation) - 0.026457513110645898) < 1e-15)
        #expect(ResultTable.Summary([0.5])?.deviation == nil)
        #expect(ResultTable.Summary([]) == nil)
    }

    /// Values are paired by seed, over those that every cell has a value of.
    @Test func cellsArePairedByTheirCommonSeeds() throws {
        func table(_ seeds: [Int], less: Double, failed: Int? = nil) throws -> ResultTable.Cell {
            let rows = try seeds.map { try row("ae", "brain", $0, $0 == failed ? nil : 0.5 + Double($0) / 10 - less) }
            return try #require(ResultTable(rows).cell(.init(method: "ae", variant: ""), "brain"))
        }
        let pairs = try #require(PairedSeeds([table([2, 0, 1], less: 0), table([3, 1, 2], less: 0.125)], metric: "auc"))
        #expect(pairs.seeds == [1, 2])
        #expect(abs(pairs.means[0] - pairs.means[1] - 0.125) < 1e-15)
        #expect(try PairedSeeds([table([0, 1], less: 0), table([1, 2], less: 0, failed: 1)], metric: "auc") == nil)
        #expect(try PairedSeeds([table([0], less: 0), table([0], less: 0)], metric: "ap") == nil)
        #expect(PairedSeeds([], metric: "auc") == nil)
        #expect(PairedSeeds.text([0, 1, 2, 5, 7, 8]) == "0–2, 5, 7, 8")
    }

    @Test func cellsKnowWhatIsMissing() throws {
        let table = ResultTable([
            try row("ae", "brain", 0, 0.8), try row("ae", "brain", 1, nil), try row("vae", "brain", 0, 0.7),
            try row("vae", "brain", 1, 0.9),
        ])
        let ae = ResultTable.Line(method: "ae", variant: "")
        #expect(table.cell(ae, "brain")?.expected == 2)
        #expect(table.cell(ae, "brain")?.isComplete("auc") == false)
        #expect(table.cell(ae, "brain")?.missing.map(\.seed) == [1])
        #expect(table.cell(ae, "brain")?.missing.first?.state == .quarantined)
        #expect(table.cell(ae, "lag") == nil)
        // An incomplete cell takes no place, and alone nothing is the best.
        #expect(table.places("auc", "brain").isEmpty)
    }

    @Test func placesAreSharedByTies() throws {
        let table = ResultTable([
            try row("ae", "brain", 0, 0.8), try row("ae-l1", "brain", 0, 0.8), try row("ae-ssim", "brain", 0, 0.7),
            try row("vae", "brain", 0, 0.6),
        ])
        func place(_ method: String) -> Int? { table.places("auc", "brain")[.init(method: method, variant: "")] }
        #expect(place("ae") == 1 && place("ae-l1") == 1 && place("ae-ssim") == 2 && place("vae") == nil)
        #expect(table.lines.map(\.method) == ["ae", "ae-l1", "ae-ssim", "vae"])
    }

    @Test func variantsAreNamedByWhatVaries() throws {
        let table = ResultTable([
            try row("ae", "brain", 0, 0.8), try row("ae", "brain", 0, 0.9, ["latent_size": 4]),
            // Another number of epochs on another data set is no variant.
            try row("ae", "lag", 0, 0.7, ["epochs": 9]), try row("vae", "brain", 0, 0.5),
        ])
        #expect(table.lines.map(\.variant) == ["latent_size=16", "latent_size=4", ""])
        #expect(table.datasets == ["brain", "lag"])
    }

    @Test func groupsByAnyAxis() throws {
        let rows = [
            try row("ae", "brain", 0, 0.8), try row("ae", "brain", 1, nil, ["latent_size": 4]),
            try row("ae", "lag", 0, 0.6),
        ]
        let sizes = Grouping(rows, lines: [.init("latent_size")], columns: [.init("seed")])
        #expect(sizes.lines == [[16], [4]] && sizes.columns == [[0], [1]])
        #expect(sizes.cell([16], [0])?.values["auc"]?.sorted() == [0.6, 0.8])
        #expect(sizes.cell([4], [1])?.missing.count == 1)
        #expect(sizes.cell([4], [0]) == nil)
        let all = Grouping(rows + rows, lines: [], columns: [.dataset])
        #expect(all.lines == [[]] && all.cell([], ["brain"])?.expected == 2)
    }

    /// The same job in the list twice is one value, not two.
    @Test func aJobCountsOnce() throws {
        let one = try row("ae", "brain", 0, 0.8)
        let cell = ResultTable([one, one]).cell(.init(method: "ae", variant: ""), "brain")
        #expect(cell?.expected == 1 && cell?.values["auc"] == [0.8])
    }
}
