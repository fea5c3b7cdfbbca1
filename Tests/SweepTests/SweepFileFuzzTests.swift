import Catalogue
import Foundation
import TestSupport
import Testing

@testable import Sweep

/// Damaged sweep files either parse or are refused with a sentence, and soon.
@Suite struct SweepFileFuzzTests {
    private static let seeds = [
        "sweep: s\nmatrix: {method: [ae, vae], dataset: [brain, rsna], seed: \"range(0, 3)\"}\n",
        """
        sweep: latent
        fixed:  {epochs: 250}
        matrix:
          method:  [ae, vae]
          dataset: [brain, rsna]
          seed:    range(0, 3)
        exclude: [{method: vae, dataset: rsna}]
        include: [{method: vae, kl_weight: 0.01}]
        zip:     [{input_size: [64, 128], batch_size: [64, 16]}]
        set:
          - {when: {method: vae}, to: {learning_rate: 0.0005}}
        ablate:
          - {when: {method: ae, dataset: brain}, vary: {latent_size: [1, 2, 4, 8, 32]}, cross: true}
        requires: {device: any, memory: 2GiB, tags: [big], weights: [imagenet]}
        retry:    {max_attempts: 3, backoff: 10s..15m, retry_on: [crash, error]}
        limits:   {parallel: 64, max_failed: 10}
        priority: 0
        metric:   {name: auc, goal: maximize}
        checkpoint_every: 60s
        artefacts: {maps: true, examples: 4}
        """,
        #"{"sweep": "j", "matrix": {"method": "ae", "dataset": "lag", "seed": [0, 1, 2], "width": [1, 2]}, "checkpoint_every": "10 epochs"}"#,
        "sweep: a\nmatrix: &m\n  method: ae\n  dataset: brain\n  seed: choice(1, 2)\nset: [{to: &t {epochs: 1}}, {when: {seed: 1}, to: *t}]\n",
    ]

    private static let words = [
        "range(0, 9)", "range(5, 0, -1)", "choice(a, b)", "[", "]", "{", "}", ":", ",", "&a", "*a", "- ", "\n", "  ", "\"", "'", "|", ">",
        "!!int", "null", "~", "true", ".inf", ".nan", "-0", "1e308", "1e999", "-1", "9223372036854775807", "99999999999999999999",
        "method", "dataset", "seed", "epochs", "sweep", "vary", "when", "to", "cross", "ae", "vae", "brain", "\u{0}", "é", "👩‍👩‍👧", "\t", "---", "%YAML",
        "<<", "?", "1970-01-01", "0x10", "0o7", "1_000", "10s..1s", "..", "1000000TiB",
    ]

    /// Expands the first of its jobs, or returns the refusal.
    private static func outcome(_ source: String, overrides: [String] = []) throws(SweepFileError) -> Int {
        let file = try SweepFile.parse(source: source, file: "f.yaml", overrides: overrides)
        let contents = Dictionary(uniqueKeysWithValues: Catalogue.datasets.map { ($0.name, DatasetContent(fingerprint: "f")) })
        var count = 0
        for job in try file.jobs(contents: contents) {
            precondition(!job.identity.isEmpty, "a job has an identity")
            count += 1
            if count == 50 { break }
        }
        return count
    }

    @Test(arguments: Self.seeds.indices) func damagedFilesParseOrAreRefused(_ number: Int) async throws {
        let seed = Self.seeds[number]
        #expect(try Self.outcome(seed) > 0)
        let (parsed, refused, complaints) = try await offPool { Self.tally(seed, number: number) }
        #expect(complaints.isEmpty, "\(complaints)")
        #expect(parsed > 3 && refused > 20, "\(parsed) parsed, \(refused) refused")
    }

    private static func tally(_ seed: String, number: Int) -> (parsed: Int, refused: Int, complaints: [String]) {
        var mutation = Mutation(seed: UInt64(number) + 1)
        var (parsed, refused, complaints) = (0, 0, [String]())
        for round in 0..<600 {
            let source = round.isMultiple(of: 2)
                ? String(decoding: mutation.damaged(Array(seed.utf8)), as: UTF8.self) : mutation.damaged(seed, words: Self.words)
            let start = ContinuousClock.now
            do throws(SweepFileError) {
                _ = try outcome(source)
                parsed += 1
            } catch {
                refused += 1
                if error.message.isEmpty { complaints.append("no message: \(source)") }
            }
            if ContinuousClock.now - start > .seconds(10) { complaints.append("too slow: \(source)") }
        }
        return (parsed, refused, complaints)
    }

    @Test func damagedOverridesParseOrAreRefused() async throws {
        #expect(try await offPool { Self.damagedOverrides() } == [])
    }

    private static func damagedOverrides() -> [String] {
        var mutation = Mutation(seed: 9)
        var complaints: [String] = []
        for round in 0..<1000 {
            let seed = ["epochs=1,2", "seed=range(0,5)", "method=choice(ae,vae)", "dataset=[brain,rsna]", "learning_rate=1e-3"][round % 5]
            let text = mutation.damaged(seed, words: Self.words + ["=", "+", "("])
            do throws(SweepFileError) {
                _ = try outcome(Self.seeds[1], overrides: [text])
            } catch {
                if error.message.isEmpty { complaints.append(text) }
            }
        }
        return complaints
    }

    /// Files that are made to keep the reader busy.
    @Test func hugeFilesAreRefusedSoon() async throws {
        #expect(try await offPool { Self.hugeFiles() } == [])
    }

    private static func hugeFiles() -> [String] {
        var complaints: [String] = []
        let head = "sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n"
        let sources = [
            String(repeating: "[", count: 200_000), String(repeating: "{a: ", count: 50_000), String(repeating: "- ", count: 100_000),
            head + "  seed: " + String(repeating: "[", count: 5_000) + "\n",
            String(repeating: "x", count: 500_000) + ": 1\n",
            head + "  " + String(repeating: "k", count: 200_000) + ": 1\n",
            head + "  seed: range(0, \(String(repeating: "9", count: 100_000)))\n",
            head + "  seed: range(" + String(repeating: " ", count: 100_000) + "\n",
            head + "  seed: " + String(repeating: "1", count: 100_000) + "\n",
            "a: &a [x, x]\n" + (1..<60).map { "k\($0): &k\($0) [*\($0 == 1 ? "a" : "k\($0 - 1)"), *\($0 == 1 ? "a" : "k\($0 - 1)")]\n" }.joined(),
        ]
        for source in sources {
            let start = ContinuousClock.now
            do throws(SweepFileError) {
                _ = try outcome(source)
                complaints.append("taken: \(source.prefix(100))")
            } catch {
                if error.message.isEmpty { complaints.append("no message: \(source.prefix(100))") }
            }
            if ContinuousClock.now - start > .seconds(10) { complaints.append("too slow: \(source.prefix(100))") }
        }
        return complaints
    }
}
