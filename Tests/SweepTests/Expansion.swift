import Catalogue

@testable import Sweep

/// A sweep file's jobs, with place-holders for what is on disk.
func expanded(_ source: String, overrides: [String] = []) throws -> [PlannedJob] {
    let file = try SweepFile.parse(source: source, file: "test.yaml", overrides: overrides)
    let contents = Dictionary(uniqueKeysWithValues: Catalogue.datasets.map { ($0.name, DatasetContent(fingerprint: "print-of-\($0.name)")) })
    return Array(try file.jobs(contents: contents))
}
