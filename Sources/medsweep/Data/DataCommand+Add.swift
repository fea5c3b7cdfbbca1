import ArgumentParser
import Datasets
import Foundation

extension DataCommand {
    /// `medsweep data add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a data set's folder known under a name to workers on this machine.",
            discussion: """
                Checks the folder and puts a link to it into the folder of data sets that workers are given with --data. The \
                study's names (rsna, vincxr, brain, lag, isic, c16, brats) have its settings; any other name is your own. To \
                take it away, remove the link. Exit code: 65 when files are missing or cannot be read.

                Example: medsweep data add carpet ~/images/carpet --data ~/MedIAnomaly-Data
                """)

        @Argument(help: "The name in sweep files.")
        var name: String

        @Argument(help: "The data set's folder.")
        var folder: String

        @OptionGroup var options: DataFolderOptions

        func run() throws {
            let target = try options.folder()
            try LocalDatasets.checkName(name)
            let root = URL(filePath: folder, directoryHint: .isDirectory)
            let check = try CheckProgress.run(root, name: name)
            guard check.isReadable else {
                throw Failure(.badData, CheckText.sentence(check, folder: root.path) ?? "'\(root.path)' cannot be read")
            }
            let added = try LocalDatasets.add(root, as: name, to: target)
            for line in CheckText.words(check.problems + check.warnings, "warning") { Terminal.note(line.oneLine) }
            let counts = check.counts
            let what = "\(counts.train) training and \(counts.testNormal + counts.testAbnormal) test images"
            try Terminal.print(
                added.isNew
                    ? "'\(added.name)' (\(what)) is known through '\(added.place.path)'; workers started with --data '\(target.path)' offer it"
                    : "'\(added.name)' (\(what)) was known before through '\(added.place.path)'; nothing is changed")
        }
    }
}
