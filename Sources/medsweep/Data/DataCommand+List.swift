import ArgumentParser
import Catalogue
import Datasets
import Foundation
import Wire

extension DataCommand {
    /// `medsweep data list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the data sets in folders of data sets.",
            discussion: """
                A fingerprint stands there once it was taken, by check, add, run or a worker, and no file has changed since.

                Example: medsweep data list --data ~/MedIAnomaly-Data
                """)

        @OptionGroup var options: DataFoldersOptions

        @Flag(help: "Print JSON, an object a line.")
        var json = false

        private struct Row: Encodable {
            let name: String
            let folder: String
            /// Whether another folder's data set of the same name is taken in its place.
            let isShadowed: Bool
            var layout: DatasetLayout?
            var train: Int?
            var testNormal: Int?
            var testAbnormal: Int?
            var masks: Int?
            /// What its images are, where that was found out: with it goes the fingerprint.
            var color: ImageColor?
            var fingerprint: String?
            /// Why it cannot be used.
            var error: String?
        }

        func run() throws {
            let folders = options.folders
            guard !folders.isEmpty else { throw DataFoldersOptions.missing }
            let places = try LocalDatasets.places(in: folders).sorted { $0.key < $1.key }
            let rows = places.flatMap { name, roots in roots.enumerated().map { row(name, $1, isShadowed: $0 > 0) } }
            if json {
                for row in rows { try Terminal.print(json: row) }
                return
            }
            let whole = rows.filter { $0.error == nil }
            if rows.isEmpty {
                let names = folders.map { "'\($0.path)'" }.joined(separator: " and ")
                Terminal.note("there are no data sets in \(names); medsweep data add puts one there")
            }
            if !whole.isEmpty {
                let header = ["name", "layout", "train", "normal", "abnormal", "masks", "images", "fingerprint", "folder"]
                let cells = whole.map { row -> [String] in
                    let counts = [row.train, row.testNormal, row.testAbnormal, row.masks].map { "\($0 ?? 0)" }
                    let content = [row.color?.rawValue ?? "-", String(row.fingerprint?.prefix(8) ?? "-")]
                    return [row.name, row.layout?.rawValue ?? ""] + counts + content + [row.folder.oneLine]
                }
                try Terminal.print(TextColumns.lines([header] + cells, right: [2, 3, 4, 5]).joined(separator: "\n"))
            }
            for (name, roots) in places {
                if let sentence = LocalDatasets.shadowing(name, roots) { Terminal.note(sentence.oneLine) }
            }
            for row in rows { if let error = row.error { Terminal.note("'\(row.name)' cannot be used: \(error.oneLine)") } }
        }

        private func row(_ name: String, _ root: URL, isShadowed: Bool) -> Row {
            var row = Row(name: name, folder: root.resolvingSymlinksInPath().path, isShadowed: isShadowed)
            do throws(DatasetError) {
                let folder = try ImageFolder.open(root, name: name)
                let abnormal = folder.test.count(where: \.isAbnormal)
                row.layout = folder.layout
                row.train = folder.train.count
                row.testNormal = folder.test.count - abnormal
                row.testAbnormal = abnormal
                row.masks = folder.test.count(where: \.hasMask)
                let content = try LocalDatasets.knownContent(of: folder)
                (row.color, row.fingerprint) = (content?.color, content?.fingerprint)
            } catch {
                row.error = error.description
            }
            return row
        }
    }
}
