import ArgumentParser
import Catalogue
import Datasets
import Foundation
import Sweep
import Wire

/// A sweep file with its overrides and the data folders it is about.
struct SweepSource: ParsableArguments {
    @Argument(help: "The sweep file (YAML or JSON).", completion: .file(extensions: ["yaml", "yml", "json"]))
    var file: String

    @Argument(help: "Overrides: axis=value, axis=a,b or \"axis=range(0,5)\".")
    var overrides: [String] = []

    @OptionGroup var data: DataFoldersOptions

    @Flag(help: "Refuse a file of which an entry of exclude, include, set or ablate does nothing.")
    var strict = false

    /// The folders of `--data`, or of the environment.
    var dataFolders: [URL] { data.folders }

    /// The file's text.
    func read() throws -> String {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw Failure(.noInput, "cannot read the sweep file '\(file)'")
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw Failure(.badData, "the sweep file '\(file)' is not UTF-8 text")
        }
        return text
    }

    /// What each entry of the file does, in words; one that does nothing is warned of.
    /// - Parameter tell: is given what the others do.
    /// - Throws: ``Failure`` with `--strict` when one does nothing.
    func tellEntries(of sweep: SweepFile, _ tell: (String) throws -> Void) throws {
        for entry in sweep.entryEffects {
            // Overrides take cells away on purpose.
            guard entry.isIdle, overrides.isEmpty || strict else {
                try tell(entry.sentence)
                continue
            }
            let sentence = "\(file)\(entry.line.map { ":\($0)" } ?? ""): \(entry.part) \(entry.effect)"
            if strict { throw Failure(.badData, "\(sentence); mend it or take it out") }
            Terminal.note("warning: \(sentence)")
        }
    }

    /// Parses the file; the data sets that it may name are the catalogue's and those of the data folders.
    func parse() throws -> (sweep: SweepFile, source: String, known: [String: URL]) {
        let source = try read()
        let places = try LocalDatasets.places(in: dataFolders)
        let known = places.mapValues { $0[0] }
        let descriptions = Catalogue.datasets + known.keys.sorted().filter { Catalogue.dataset($0) == nil }.map { .custom($0) }
        let sweep = try SweepFile.parse(source: source, file: file, overrides: overrides, datasets: descriptions)
        for name in sweep.datasetNames {
            if let sentence = LocalDatasets.shadowing(name, places[name] ?? []) { Terminal.note(sentence.oneLine) }
        }
        return (sweep, source, known)
    }

    /// Parses the file, finds the data sets it names and returns the request that submits it.
    func request() throws -> (sweep: SweepFile, request: SubmitRequest) {
        let (sweep, source, known) = try parse()
        var contents: [String: DatasetContent] = [:]
        for name in sweep.datasetNames {
            if let folder = known[name] { contents[name] = try Self.content(of: folder, name: name) }
        }
        return (sweep, SubmitRequest(source: source, file: file, overrides: overrides, contents: contents))
    }

    /// What a data set is. One that was not checked since it changed is checked first, so that no job meets what a look would have found,
    /// and what changes numbers is told each time.
    private static func content(of root: URL, name: String) throws -> DatasetContent {
        if let remarks = try LocalDatasets.knownRemarks(of: root, name: name) {
            tell(remarks, of: name)
            return try LocalDatasets.content(of: root, name: name)
        }
        let check = try CheckProgress.run(root, name: name)
        guard check.isReadable, let content = check.content else {
            throw Failure(.badData, CheckText.sentence(check, folder: root.path) ?? "'\(root.path)' cannot be read; medsweep data check tells why")
        }
        tell(check.remarks, of: name)
        return content
    }

    private static func tell(_ remarks: [String], of name: String) {
        for remark in remarks { Terminal.note("data set '\(name)': \(remark.oneLine)") }
    }

    /// How many images there are in the data sets of a sweep that the study does not have, as far as their folders are here.
    static func counts(of sweep: SweepFile, in known: [String: URL]) throws -> [String: StudyCounts] {
        var counts: [String: StudyCounts] = [:]
        for name in sweep.datasetNames where Catalogue.dataset(name)?.study == nil {
            guard let root = known[name] else { continue }
            let folder = try ImageFolder.open(root, name: name)
            let abnormal = folder.test.count { $0.isAbnormal }
            counts[name] = StudyCounts(
                train: folder.train.count, testNormal: folder.test.count - abnormal, testAbnormal: abnormal,
                masks: folder.test.count(where: \.hasMask))
        }
        return counts
    }
}
