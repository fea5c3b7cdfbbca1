import ArgumentParser
import Datasets
import Foundation
import Wire

extension DataCommand {
    /// `medsweep data check`
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads and decodes every image and mask of a data set and names all that is wrong.",
            discussion: """
                Knows the study's layouts (data.json, ISIC's tables, Camelyon16's and BraTS2021's folders) and MVTec's \
                (train/good, test/good, test/<defect>, ground_truth/<defect>). Counts, compares with the study's numbers, \
                finds the same picture in training and test, and prints the content's fingerprint. Exit code: 65 when \
                something must be mended, else 0; warnings change nothing.

                Example: medsweep data check ~/MedIAnomaly-Data/BraTS2021
                """)

        @Argument(help: "The data set's folder.")
        var folder: String

        @Option(help: "The data set's name, where the folder is called otherwise.")
        var name: String?

        @Flag(help: "Print JSON, with every file's name.")
        var json = false

        func run() throws {
            let root = URL(filePath: folder, directoryHint: .isDirectory)
            let check = try CheckProgress.run(root, name: name ?? root.standardizedFileURL.lastPathComponent)
            if json {
                try Terminal.print(json: check)
            } else {
                try Terminal.print(CheckText.report(check))
            }
            if let sentence = CheckText.sentence(check, folder: root.path) { throw Failure(.badData, sentence) }
        }
    }
}
