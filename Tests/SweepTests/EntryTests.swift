import Catalogue
import Testing

@testable import Sweep

/// What the entries of a sweep file have done, and what people write that means nothing.
@Suite struct EntryTests {
    private let base = "sweep: s\nmatrix: {method: [ae, vae], dataset: [brain, lag], seed: \"range(0, 2)\"}\n"

    private func effects(_ part: String, overrides: [String] = []) throws -> [EntryEffect] {
        try SweepFile.parse(source: base + part, file: "a.yaml", overrides: overrides).entryEffects
    }

    private func words(_ part: String) throws -> [String] { try effects(part).map(\.sentence) }

    @Test func excludesAreCountedOnce() throws {
        let entries = try effects("exclude:\n  - {method: vae}\n  - {method: vae, seed: 0}\n  - {seed: 1}\n  - {seed: 7}\n")
        #expect(entries.map(\.line) == [4, 5, 6, 7])
        #expect(entries.map(\.isIdle) == [false, true, false, true])
        #expect(entries[0].sentence == "line 4: exclude takes out 4 of 8 cells")
        #expect(entries[2].effect == "takes out 2 of 8 cells")
    }

    /// Two entries for the same cells: the later one's values stand.
    @Test func includesAreHeldAgainstOneAnother() throws {
        let entries = try effects("include:\n  - {method: vae, kl_weight: 0.01}\n  - {method: vae, kl_weight: 0.02}\n")
        #expect(entries.map(\.isIdle) == [true, false])
        #expect(entries[1].effect == "extends 4 cells")
        #expect(
            try effects("include:\n  - {method: vae, kl_weight: 0.01, width: 2}\n  - {method: vae, kl_weight: 0.02}\n").allSatisfy {
                !$0.isIdle
            })
    }

    @Test func includesMayDoNothing() throws {
        // 16 is the default; the fitted cells are excluded; the added job is there already.
        for part in [
            "include: [{latent_size: 16}]", "include: [{method: ae, width: 2}]\nexclude: [{method: ae}]",
            "include: [{method: ae-l1, dataset: rsna, seed: 7}, {method: ae-l1, dataset: rsna, seed: 7}]",
        ] { #expect(try effects(part).last { $0.part == "include" }?.isIdle == true, "\(part)") }
        #expect(try words("include: [{method: ae-l1, dataset: rsna, seed: [7, 8]}]") == ["line 3: include adds 2 jobs"])
    }

    @Test func settingsAndAblationsAreCounted() throws {
        let entries = try effects(
            """
            set:
              - {when: {method: vae}, to: {width: 2}}
              - {when: {method: vae}, to: {width: 2}}
              - {when: {method: memae}, to: {width: 2}}
            ablate:
              - {when: {method: ae, dataset: brain}, vary: {latent_size: [4, 16]}}
              - {when: {method: ae, dataset: brain}, vary: {latent_size: [4, 16]}}
              - {when: {dataset: rsna}, vary: {latent_size: [4]}}
            """)
        #expect(entries.map(\.isIdle) == [false, true, true, false, true, true])
        #expect(entries.map(\.line) == [4, 5, 6, 8, 9, 10])
        #expect(entries[0].effect == "changes 4 cells")
        #expect(entries[3].effect == "adds 2 jobs")
    }

    @Test func aFileWithoutEntriesHasNothingToTell() throws { #expect(try effects("").isEmpty) }

    /// What is commented out whole is empty, as `[]` and `{}` are.
    @Test(arguments: ["fixed", "zip", "exclude", "include", "set", "ablate", "requires", "retry", "limits", "artefacts"])
    func nothingIsEmpty(_ part: String) throws {
        let jobs = try expanded(base)
        for nothing in ["", " ~", " null", "\n  # - {seed: 1}"] {
            #expect(try expanded(base + part + ":" + nothing + "\n") == jobs, "\(part):\(nothing)")
        }
    }

    /// A name of digits needs its quotes in a file, and has none on a command line.
    @Test func namesOfDigits() throws {
        for (written, read) in [("007", "7"), ("1e3", "1000")] {
            let datasets = Catalogue.datasets + [.custom(written)]
            func parse(_ dataset: String, overrides: [String] = []) throws -> SweepFile {
                try SweepFile.parse(
                    source: "sweep: s\nmatrix:\n  method: ae\n  dataset: [\(dataset)]\n  seed: 0\n", file: "a.yaml",
                    overrides: overrides, datasets: datasets)
            }
            #expect(try parse("\"\(written)\"").datasetNames == [written])
            #expect(try parse("brain", overrides: ["dataset=\(written)"]).datasetNames == [written])
            let error = #expect(throws: SweepFileError.self) { try parse(written) }
            #expect(error?.line == 4)
            #expect(error?.message == "without quotes \(written) is a number and no data set; write \"\(written)\"", "\(read)")
        }
    }
}
