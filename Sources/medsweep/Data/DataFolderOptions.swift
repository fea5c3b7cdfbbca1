import ArgumentParser
import Foundation

/// The folder that holds data sets.
struct DataFolderOptions: ParsableArguments {
    @Option(help: "A folder of data-set folders (default: $MEDSWEEP_DATA).")
    var data: String?

    /// The folder that is named, or the environment's.
    func folder() throws -> URL {
        guard let folder = DataFoldersOptions.folders(data.map { [$0] } ?? []).first else { throw DataFoldersOptions.missing }
        return folder
    }
}

/// The folders that hold data sets.
struct DataFoldersOptions: ParsableArguments {
    @Option(help: "A folder of data-set folders; may be given several times (default: $MEDSWEEP_DATA).")
    var data: [String] = []

    static let missing = Failure(.usage, "name the folder of data sets with --data FOLDER, or in MEDSWEEP_DATA")

    /// The folders that are named, or the environment's; none if there are neither.
    var folders: [URL] { Self.folders(data) }

    static func folders(_ names: [String]) -> [URL] {
        let environment = ProcessInfo.processInfo.environment["MEDSWEEP_DATA"].flatMap { $0.isEmpty ? nil : [$0] }
        return (names.isEmpty ? environment ?? [] : names).map { URL(filePath: $0, directoryHint: .isDirectory) }
    }
}
