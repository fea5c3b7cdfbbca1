import Catalogue
import TestSupport
import Testing

@testable import Sweep

/// Equal work has equal identities, however it is written; different work has different ones.
struct IdentityTests {
    /// Pinned, and equal to `sha256sum` of the canonical text: a change here means that every finished job would be run again.
    @Test func identityOfOneJobNeverChanges() throws {
        let job = try #require(expanded("sweep: s\nmatrix: {method: vae, dataset: brain, seed: 3}").first)
        #expect(job.job.canonicalJSON == """
            {"configuration":{"batch_size":64,"color":"grey","depth":1,"epochs":600,"hidden_size":1024,"input_size":64,\
            "kl_weight":0.005,"latent_size":16,"learning_rate":0.001,"precision":"float32","score":"mean","score_sampling":true,\
            "width":1},"core":2,"dataset":"brain",\
            "fingerprint":"print-of-brain","method":"vae","seed":3}
            """)
        #expect(job.identity == "c8e2591b40c7c02984fa4aa208250fcd9e6d1a9af1aeeefb5eeb84fa41ad61db")
    }

    private let axes: [(name: String, values: [[String]])] = [
        ("method", [["ae"], ["vae"]]), ("dataset", [["brain"], ["lag"]]), ("seed", [["0"], ["1", "1.0"]]),
        ("learning_rate", [["1e-3", "0.001", ".001", "1.0E-3"], ["2e-4", "0.0002"]]),
        ("epochs", [["10", "10.0", "1e1"], ["20"]]), ("latent_size", [["16"], ["4", "+4"]]),
    ]

    /// The axes in any order, in block or flow style, as YAML or JSON-like text, with any spelling of their numbers.
    private func written(_ random: inout SplitMix) -> String {
        let shuffled = axes.shuffled(using: &random).map { axis -> String in
            let values = axis.values.shuffled(using: &random).map { $0.randomElement(using: &random)! }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: return "  \(axis.name): [\(values.joined(separator: ", "))]\n"
            case 1: return "  \"\(axis.name)\": [\(values.joined(separator: ","))]   # \(values.count) values\n"
            default: return "  \(axis.name):\n" + values.map { "    - \($0)\n" }.joined()
            }
        }
        let matrix = "matrix:\n" + shuffled.joined()
        return Bool.random(using: &random) ? "sweep: s\n" + matrix : matrix + "sweep: s\n"
    }

    @Test func orderFormattingAndSpellingDoNotMatter() throws {
        var random = SplitMix(1)
        let reference = Set(try expanded(written(&random)).map(\.identity))
        #expect(reference.count == 64)
        for _ in 0..<30 {
            let source = written(&random)
            #expect(Set(try expanded(source).map(\.identity)) == reference, "\(source)")
        }
        let json = #"{"sweep": "s", "matrix": {"method": ["ae"], "dataset": ["brain"], "seed": [0], "epochs": [10]}}"#
        let yaml = "sweep: s\nfixed: {epochs: 10.0}\nmatrix: {method: ae, dataset: brain, seed: 0}"
        #expect(try expanded(json).map(\.identity) == expanded(yaml).map(\.identity))
    }

    @Test func everySettingThatChangesNumbersChangesTheIdentity() throws {
        let base = JobDescription(
            method: "vae", configuration: try #require(Catalogue.method("vae")).resolve([:], for: .custom("x")),
            dataset: "x", fingerprint: "f", seed: 0)
        var identities: Set<String> = [base.identity]
        var count = 1
        func differs(_ change: (inout JobDescription) -> Void) {
            var job = base
            change(&job)
            identities.insert(job.identity)
            count += 1
            #expect(identities.count == count, "\(job)")
        }
        differs { $0.method = "ae" }
        differs { $0.dataset = "y" }
        differs { $0.fingerprint = "g" }
        differs { $0.seed = 1 }
        differs { $0.coreVersion += 1 }
        for option in try #require(Catalogue.method("vae")).options {
            differs { $0.configuration[option.name] = option.defaultValue == 7 ? 8 : 7 }
        }
    }

    @Test func policyIsNotPartOfTheIdentity() throws {
        let matrix = "matrix: {method: ae, dataset: brain, seed: 0}\n"
        let plain = try expanded("sweep: s\n" + matrix)
        let other = try expanded(
            "sweep: t\n" + matrix + "priority: 9\nretry: {max_attempts: 7}\nrequires: {memory: 9GiB, threads: 4, gpu_memory: 1GiB}\nexact: true\nlimits: {parallel: 1}\ncheckpoint_every: 5m\nmetric: {name: ap}\nartefacts: {maps: false, examples: 2}")
        #expect(plain.map(\.identity) == other.map(\.identity))
    }

    @Test func editingOneAxisKeepsTheOtherJobs() throws {
        let before = Set(try expanded("sweep: s\nmatrix: {method: [ae], dataset: [brain, lag], seed: [0, 1]}").map(\.identity))
        let after = Set(try expanded("sweep: s\nmatrix: {method: [ae, vae], dataset: [brain, lag], seed: [0, 1, 2]}").map(\.identity))
        #expect(before.isSubset(of: after))
    }
}
