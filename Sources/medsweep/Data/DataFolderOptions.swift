import ArgumentParser
import Foundation

/// The folder that holds data sets.
struct DataFolderOptions: ParsableArguments {
    @Option(help: "A folder of data-set folders (default: $MEDSWEEP_DATA).")
    var data: String?

    /// The folder that is named, or the environment's.
    func folder() throws -> URL {
        let environment = ProcessInfo.processInfo.environment["MEDSWEEP_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = data ?? environment else {
            throw Failure(.usage, "name the folder of data sets with --data FOLDER, or in MEDSWEEP_DATA")
        }
        return URL(filePath: path, directoryHint: .isDirectory)
    }
}
