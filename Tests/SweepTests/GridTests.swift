import Catalogue
import Testing

@testable import Sweep

/// What each part of a sweep file makes.
struct GridTests {
    private let base = "sweep: s\nmatrix: {method: [ae, vae], dataset: [brain, lag], seed: \"range(0, 2)\"}\n"

    private func cells(_ jobs: [PlannedJob]) -> [String] {
        jobs.map { "\($0.job.method) \($0.job.dataset) \($0.job.seed)" }
    }

    @Test func productRunsThroughTheLastAxisFastest() throws {
        #expect(cells(try expanded(base)) == [
            "ae brain 0", "ae brain 1", "ae lag 0", "ae lag 1", "vae brain 0", "vae brain 1", "vae lag 0", "vae lag 1",
        ])
        #expect(try expanded(base).map(\.position) == Array(0..<8))
    }

    @Test func defaultsComeFromMethodAndDataSet() throws {
        let jobs = try expanded(base)
        #expect(jobs[0].job.configuration["epochs"] == 600)
        #expect(jobs[2].job.configuration["epochs"] == 250)
        #expect(jobs[0].job.configuration["kl_weight"] == nil)
        #expect(jobs[4].job.configuration["kl_weight"] == 0.005)
        #expect(try expanded(base + "fixed: {epochs: 3}").allSatisfy { $0.job.configuration["epochs"] == 3 })
        #expect(try expanded("sweep: s\nmatrix: {method: ae, dataset: c16, seed: 0}")[0].job.configuration["color"] == "rgb")
    }

    @Test func excludeTakesCellsOutByResolvedValues() throws {
        #expect(cells(try expanded(base + "exclude: [{method: vae, dataset: [lag]}, {seed: 1}]")) == [
            "ae brain 0", "ae lag 0", "vae brain 0",
        ])
        // 16 is the default of latent_size.
        let error = #expect(throws: SweepFileError.self) { try expanded(base + "exclude:\n  - {seed: 1}\n  - {latent_size: 16}") }
        #expect(error?.line == 4)
        #expect(error?.message.contains("no jobs") == true)
    }

    @Test func includeExtendsWhatItFitsAndElseAdds() throws {
        let extended = try expanded(base + "include: [{method: vae, kl_weight: 0.01}]")
        #expect(extended.count == 8)
        #expect(extended.filter { $0.job.configuration["kl_weight"] == 0.01 }.count == 4)
        let added = try expanded(base + "include: [{method: ae-l1, dataset: rsna, seed: [7, 8]}]")
        #expect(Array(cells(added).suffix(2)) == ["ae-l1 rsna 7", "ae-l1 rsna 8"])
        // It follows exclude: a cell that was taken out comes back only as a new one.
        let everywhere = try expanded(base + "include: [{latent_size: 8}, {dataset: lag, latent_size: 4}]")
        #expect(everywhere.filter { $0.job.dataset == "lag" }.allSatisfy { $0.job.configuration["latent_size"] == 4 })
        #expect(everywhere.filter { $0.job.dataset == "brain" }.allSatisfy { $0.job.configuration["latent_size"] == 8 })
    }

    @Test func zipPairsValues() throws {
        let jobs = try expanded(base + "zip: [{input_size: [64, 128], batch_size: [64, 16]}]")
        #expect(jobs.count == 16)
        let pairs = Set(jobs.map { "\($0.job.configuration["input_size"]!) \($0.job.configuration["batch_size"]!)" })
        #expect(pairs == ["64 64", "128 16"])
    }

    @Test func setOverridesAxesAndEqualJobsCollapse() throws {
        let jobs = try expanded(
            base + "zip: [{input_size: [64, 128], batch_size: [64, 16]}]\n"
                + "set: [{when: {method: vae}, to: {input_size: 128, batch_size: 16}}]")
        #expect(jobs.count == 12)
        #expect(jobs.filter { $0.job.method == "vae" }.allSatisfy { $0.job.configuration["input_size"] == 128 })
        let later = try expanded(base + "set: [{to: {latent_size: 8}}, {when: {latent_size: 8, seed: 1}, to: {latent_size: 4}}]")
        #expect(later.filter { $0.job.configuration["latent_size"] == 4 }.count == 4)
    }

    @Test func ablationVariesOneFactorAtATime() throws {
        let when = "when: {method: ae, dataset: brain}"
        let single = try expanded(base + "ablate: [{\(when), vary: {latent_size: [4, 16], width: [1, 2, 4]}}]")
        // Two base cells match; 16 and width 1 are the defaults and so are there already: 2 × (1 + 2) more.
        #expect(single.count == 8 + 6)
        #expect(single.suffix(6).allSatisfy { $0.job.method == "ae" && $0.job.dataset == "brain" })
        let crossed = try expanded(base + "ablate: [{\(when), vary: {latent_size: [4, 16], width: [1, 2, 4]}, cross: true}]")
        #expect(crossed.count == 8 + 2 * 5)
    }

    @Test func setLeavesWhatAnAblationVariesAlone() throws {
        let jobs = try expanded(
            "sweep: s\nmatrix: {method: ae, dataset: lag, seed: 0}\n"
                + "set: [{to: {latent_size: 8}}, {when: {latent_size: 128}, to: {epochs: 9}}]\n"
                + "ablate: [{vary: {latent_size: [4, 128]}}]")
        #expect(jobs.map { $0.job.configuration["latent_size"] } == [8, 4, 128])
        #expect(jobs.map { $0.job.configuration["epochs"] } == [250, 250, 9])
    }

    /// The design's example. 4 methods × 7 sets × 3 seeds × 2 sizes = 168, less memae-like exclusions: here ae-l1 on c16
    /// (3 × 2 = 6) = 162; ae-ssim is set to one size, which halves its 7 × 3 × 2 = 42 to 21: 141. The ablation adds
    /// ae on two sets × 3 seeds × 2 sizes × 6 new latent sizes (16 is there) = 72: 213.
    @Test func designsExample() throws {
        let source = """
            sweep: medianomaly-latent
            fixed:   {epochs: 250}
            matrix:
              method:  [ae, vae, ae-l1, ae-ssim]
              dataset: [rsna, vincxr, brain, lag, isic, c16, brats]
              seed:    range(0, 3)
            exclude: [{method: ae-l1, dataset: c16}]
            include: [{method: vae, kl_weight: 0.01}]
            zip:     [{input_size: [64, 128], batch_size: [64, 16]}]
            ablate:
              - {when: {method: ae, dataset: [brain, brats]}, vary: {latent_size: [1, 2, 4, 8, 16, 32, 64]}}
            set:
              - {when: {method: ae-ssim}, to: {input_size: 128, batch_size: 16}}
            requires: {device: any, threads: 4, memory: 2GiB, gpu_memory: 512MB, dataset: "{dataset}"}
            retry:   {max_attempts: 3, max_lost: 7, backoff: 10s..15m, retry_on: [crash, out_of_memory], on_out_of_memory: {batch_size: /2}}
            exact:   true
            checkpoint_every: 10 epochs
            limits:  {parallel: 64, max_failed: 10}
            priority: 0
            metric:  {name: auc, goal: maximize}
            """
        let jobs = try expanded(source)
        #expect(jobs.count == 213)
        let policy = try SweepFile.parse(source: source, file: "x").policy
        #expect(policy.requires.threads == 4 && policy.requires.memory == 2 << 30 && policy.requires.gpuMemory == 512_000_000)
        #expect(policy.requires.resources(of: jobs[0].job) == JobResources(threads: 4, memory: 2 << 30, gpuMemory: 512_000_000))
        #expect(policy.isExact && policy.checkpoint == .epochs(10))
        #expect(policy.retry.retryOn == [.crash, .outOfMemory] && policy.retry.outOfMemoryDivisor == 2)
        #expect(policy.retry.maxLost == 7)
        #expect(policy.retry.backoffMinimum == 10 && policy.retry.backoffMaximum == 900)
        #expect(policy.limits.parallel == 64 && policy.limits.maxFailed == 10)
    }

    /// What the sweep leaves out is what the method is known to need.
    @Test func resourcesFollowTheMethod() throws {
        var requires = SweepPolicy.Requirements()
        let small = requires.resources(of: try expanded("sweep: s\nmatrix: {method: ae, dataset: brain, seed: 0}")[0].job)
        let large = requires.resources(of: try expanded("sweep: s\nmatrix: {method: ae, dataset: brain, seed: 0, batch_size: 512}")[0].job)
        #expect(small.threads == 1 && small.memory > 0 && large.memory > small.memory && large.gpuMemory > small.gpuMemory)
        #expect(small.memory % (64 << 20) == 0)
        requires.memory = 1
        #expect(requires.resources(usually: small) == JobResources(threads: 1, memory: 1, gpuMemory: small.gpuMemory))
    }

    @Test func sizesAreReadAndWritten() {
        #expect(ByteSize.bytes("2GiB") == 2 << 30 && ByteSize.bytes("500MB") == 500_000_000 && ByteSize.bytes("7B") == 7)
        for text in ["2", "", "GiB", "-1GiB", "1.5GiB", "999999999TiB"] { #expect(ByteSize.bytes(text) == nil, "\(text)") }
        #expect(ByteSize.text(2 << 30) == "2 GiB" && ByteSize.text(3 << 29) == "1.5 GiB" && ByteSize.text(320 << 20) == "320 MiB")
        #expect(ByteSize.text(12) == "12 bytes" && ByteSize.text(1) == "1 byte")
    }

    @Test func overridesReplaceAxes() throws {
        #expect(cells(try expanded(base, overrides: ["method=ae", "seed=range(5,7)"])) == [
            "ae brain 5", "ae brain 6", "ae lag 5", "ae lag 6",
        ])
        // What an override rules out is not brought back by include.
        let included = base + "include: [{method: vae, kl_weight: 0.01}, {method: ae-l1, dataset: rsna, seed: 7}]"
        #expect(try Set(expanded(included, overrides: ["method=ae"]).map(\.job.method)) == ["ae"])
        let lists = try expanded(base + "fixed: {epochs: 9}", overrides: ["epochs=1,2", "dataset=choice(brain)", "method=[ae]"])
        #expect(lists.map { $0.job.configuration["epochs"] } == [1, 2, 1, 2])
    }

    @Test func axesCountJobs() throws {
        var counts = AxisCounts()
        for planned in try expanded(base + "ablate: [{when: {method: ae}, vary: {latent_size: [4]}}]") { counts.add(planned) }
        let axes = counts.counts
        #expect(axes["method"] == ["ae": 8, "vae": 4])
        #expect(axes["latent_size"] == ["16": 8, "4": 4])
        #expect(axes["batch_size"] == nil)
        #expect(axes["seed"] == ["0": 6, "1": 6])
    }

    @Test func largeGridsStream() throws {
        let file = try SweepFile.parse(
            source: "sweep: s\nmatrix: {method: ae, dataset: brain, seed: \"range(0, 20000)\"}", file: "x")
        var last: PlannedJob?
        for job in try file.jobs(contents: ["brain": .init(fingerprint: "x")]) { last = job }
        #expect(last?.position == 19_999)
    }
}
