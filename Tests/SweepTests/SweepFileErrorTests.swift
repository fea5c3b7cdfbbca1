import Testing

@testable import Sweep

/// Every mistake is refused with the line it stands on and what is wrong.
struct SweepFileErrorTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let source: String
        let line: Int?
        let parts: [String]
        var testDescription: String { parts.joined(separator: " … ") }
        init(_ source: String, _ line: Int?, _ parts: String...) {
            self.source = source
            self.line = line
            self.parts = parts
        }
    }

    private static let matrix = "matrix: {method: ae, dataset: brain, seed: 0}\n"

    static let mistakes = [
        Mistake("", 1, "empty"),
        Mistake("- a\n- b", 1, "mapping"),
        Mistake("sweep: [\n", 2, "not YAML"),
        Mistake(matrix, 1, "no name"),
        Mistake("sweep: a b\n" + matrix, 1, "letters"),
        Mistake("sweep: s\nmatirx: {}\n", 2, "'matirx'", "'matrix'"),
        Mistake("sweep: s\n" + matrix + matrix, 3, "'matrix'", "second time", "line 2"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  # a remark\n  \"method\": vae\n  seed: 0\n", 6, "'method'", "line 3"),
        Mistake("sweep: s\nfixed: {epochs: 1,\n  epochs : 2}\n" + matrix, 3, "'epochs'", "line 2"),
        Mistake("sweep: s\n" + matrix + "exclude:\n  - seed: 1\n    # seed: 2\n    seed: 3\n", 6, "'seed'", "line 4"),
        // The line of the alias, not that of its anchor.
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: &d brain\n  seed: 0\nfixed:\n  epochs: *d\n", 7, "whole number", "brain"),
        Mistake("sweep: s\nmatrix:\n  method: &m [ae, vae]\n  dataset: brain\n  seed: 0\n  epochs: *m\n", 6, "whole number", "ae"),
        Mistake("sweep: s\nmatrix:\n  method: &m ae\n  dataset: brain\n  seed: 0\n  epochs:\n    - 1 # *m\n    - 2\n    - *m\n", 9, "whole number", "ae"),
        Mistake("sweep: s\nfixed: &f {width: 1}\n" + matrix + "exclude:\n  - {seed: 1}\ninclude:\n  - {seed: 1}\nlimits: *f\n", 8, "'width'"),
        // Quotes, or the lack of them.
        Mistake("sweep: s\n" + matrix + "fixed:\n  learning_rate: \"1e-3\"\n", 4, "quotes", "write 1e-3"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: [\"1\"]\n", 5, "quotes", "write 1 without"),
        // Nothing is nothing.
        Mistake("sweep: s\nmatrix:\n  # method: ae\n", 1, "no jobs"),
        Mistake("sweep: s\n" + matrix + "exclude:\n  - # {seed: 1}\n", 4, "every job"),
        Mistake("sweep: s\nmatrix:\n  method: [ae, aee]\n  dataset: brain\n  seed: 0\n", 3, "'aee'", "'ae'"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: [brian]\n  seed: 0\n", 4, "'brian'", "'brain'"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: 0\n  epoch: 3\n", 6, "'epoch'", "'epochs'"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: 0\n  epochs: none\n", 6, "whole number", "none"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: 0\n  input_size: [64, 100]\n", 6, "multiple of 16", "100"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: -1\n", 5, "seed", "-1"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: range(3, 3)\n", 5, "empty"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: range(0, 9, 0)\n", 5, "step of zero"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: range(a)\n", 5, "range(start, end)"),
        Mistake("sweep: s\nmatrix: {method: ae, dataset: brain, seed: range(0, 3)}\n", 2, "quotes"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  seed: 0\n", 3, "no 'dataset'"),
        Mistake("sweep: s\nmatrix:\n  method: [ae, ae]\n  dataset: brain\n  seed: 0\n", 3, "twice"),
        Mistake("sweep: s\nfixed: {seed: 1}\n" + matrix, 2, "'seed'", "fixed"),
        Mistake("sweep: s\nfixed: {epochs: [1, 2]}\n" + matrix, 2, "single value"),
        Mistake("sweep: s\nfixed:\n  kl_weight: 1\n" + matrix, 3, "'ae'", "kl_weight", "set:"),
        Mistake("sweep: s\n" + matrix + "zip:\n  - {width: [1, 2], depth: [1]}\n", 4, "'depth' has 1 values", "has 2"),
        Mistake("sweep: s\n" + matrix + "exclude: {method: ae}\n", 3, "list"),
        Mistake("sweep: s\n" + matrix + "exclude: [{}]\n", 3, "every job"),
        Mistake("sweep: s\n" + matrix + "include:\n  - {method: vae}\n", 4, "'dataset'"),
        Mistake("sweep: s\n" + matrix + "include:\n  - {kl_weight: 1}\n", 4, "kl_weight", "'ae'"),
        Mistake("sweep: s\n" + matrix + "set:\n  - {to: {seed: 3}}\n", 4, "'seed'"),
        Mistake("sweep: s\n" + matrix + "set:\n  - {when: {method: ae}}\n", 4, "'to"),
        Mistake("sweep: s\n" + matrix + "ablate:\n  - {vary: {method: [vae]}}\n", 4, "'method'"),
        Mistake("sweep: s\n" + matrix + "ablate:\n  - {vary: {width: [1]}, crossed: true}\n", 4, "'crossed'", "'cross'"),
        Mistake("sweep: s\n" + matrix + "retry: {max_attempts: 0}\n", 3, "1 to 100"),
        Mistake("sweep: s\n" + matrix + "retry: {max_lost: 0}\n", 3, "1 to 10000"),
        Mistake("sweep: s\n" + matrix + "retry: {backoff: 10s}\n", 3, "10s..15m"),
        Mistake("sweep: s\n" + matrix + "requires: {memory: lots}\n", 3, "2GiB", "lots"),
        Mistake("sweep: s\n" + matrix + "requires: {memory: 2}\n", 3, "'memory' lacks a unit", "2GiB"),
        Mistake("sweep: s\n" + matrix + "requires: {gpu_memory: 16}\n", 3, "'gpu_memory' lacks a unit", "16GiB"),
        Mistake("sweep: s\n" + matrix + "requires: {threads: 0}\n", 3, "'threads'", "1 to 1024"),
        Mistake("sweep: s\n" + matrix + "checkpoint_every: 60\n", 3, "lacks a unit", "60s", "'60 epochs'"),
        Mistake("sweep: s\n" + matrix + "exact: perhaps\n", 3, "'exact'", "true or false"),
        Mistake("sweep: s\n" + matrix + "retry: {on_out_of_memory: {epochs: /2}}\n", 3, "'epochs'"),
        Mistake("sweep: s\n" + matrix + "retry: {on_out_of_memory: {batch_size: 32}}\n", 3, "/2", "'32'"),
        Mistake("sweep: s\n" + matrix + "retry: {on_out_of_memory: {batch_size: /1}}\n", 3, "from 2 to 64", "'/1'"),
        Mistake("sweep: s\n" + matrix + "retry: {on_out_of_memory: {}}\n", 3, "batch_size: /2"),
        Mistake("sweep: s\n" + matrix + "requires: {device: gpu}\n", 3, "cuda", "gpu"),
        Mistake("sweep: s\n" + matrix + "limits: {paralel: 3}\n", 3, "'paralel'", "'parallel'"),
        Mistake("sweep: s\n" + matrix + "priority: high\n", 3, "whole number"),
        Mistake("sweep: s\n" + matrix + "metric: {name: f1}\n", 3, "auc", "f1"),
        Mistake("sweep: s\n" + matrix + "checkpoint_every: often\n", 3, "epochs", "often"),
        Mistake("sweep: s\n" + matrix + "artefacts: {examples: 65}\n", 3, "'examples'", "0 to 64"),
        Mistake("sweep: s\n" + matrix + "artefacts: {maps: some}\n", 3, "'maps'", "true or false"),
        Mistake("sweep: s\n" + matrix + "artefacts: {map: true}\n", 3, "'map'", "maps"),
        Mistake("sweep: s\nmatrix:\n  method: ae\n  dataset: brain\n  seed: range(0, 4000)\n  epochs: range(1, 4000)\n", 3, "10000000"),
    ]

    @Test(arguments: mistakes) func isRefusedWithItsLine(_ mistake: Mistake) throws {
        let error = #expect(throws: SweepFileError.self) { try SweepFile.parse(source: mistake.source, file: "a.yaml") }
        #expect(error?.line == mistake.line, "\(error.map { "\($0)" } ?? "")")
        for part in mistake.parts { #expect(error?.message.contains(part) == true, "\(error.map { "\($0)" } ?? "")") }
        #expect(error?.description.hasPrefix("a.yaml:\(mistake.line ?? 0): ") == true)
    }

    @Test(arguments: [
        ("+x=1", "form"), ("~x", "no override"), ("a.b=1", "form"), ("method=glob(*)", "form"), ("epochs=many", "whole number"),
        ("methods=ae", "'method'"), ("epochs=", "form"), ("width=1", "zip"),
    ]) func overridesAreRefusedAsSuch(_ override: String, _ part: String) {
        let source = "sweep: s\n" + Self.matrix + "zip: [{width: [1, 2], depth: [1, 2]}]\n"
        let error = #expect(throws: SweepFileError.self) {
            try SweepFile.parse(source: source, file: "a.yaml", overrides: [override])
        }
        #expect(error?.description.hasPrefix("command line: ") == true)
        #expect(error?.message.contains(part) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test func unknownContentIsRefused() throws {
        let file = try SweepFile.parse(source: "sweep: s\n" + Self.matrix, file: "a.yaml")
        let error = #expect(throws: SweepFileError.self) { try file.jobs(contents: ["lag": .init(fingerprint: "x")]) }
        #expect(error?.message.contains("'brain'") == true)
    }

    @Test func quotedNumbersAreTexts() {
        #expect(throws: SweepFileError.self) {
            try SweepFile.parse(source: "sweep: s\nfixed: {epochs: \"3\"}\n" + Self.matrix, file: "a.yaml")
        }
    }

    /// What a few words could make a coordinator run out of memory with is refused before it is made.
    @Test(arguments: [
        ("include: [{seed: \"range(0, 100000)\", epochs: \"range(1, 100000)\"}]", "an entry of include makes more than"),
        ("ablate: [{cross: true, vary: {epochs: \"range(1, 1000)\", latent_size: \"range(1, 1000)\"}}]", "an entry of ablate makes more than"),
        ("zip: [{epochs: [\"range(1, 900000)\", \"range(1, 900000)\", \"range(1, 900000)\"]}]", "'epochs' in zip has more than"),
    ])
    func entriesAreBounded(_ part: String, _ sentence: String) throws {
        let source = "sweep: s\nmatrix: {method: ae, dataset: brain, seed: 1}\n" + part
        let error = #expect(throws: SweepFileError.self) { try SweepFile.parse(source: source, file: "f.yaml") }
        #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "")")
        #expect(error?.line == 3)
    }
}
