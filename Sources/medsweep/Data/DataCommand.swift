import ArgumentParser
import Datasets
import DurableFiles
import Foundation
import Imaging

/// `medsweep data`
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Prepares, checks, makes known and shows data sets.",
        subcommands: [Demo.self, Check.self, Add.self, List.self, Sheet.self])

    /// `medsweep data demo`
    struct Demo: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prepares three data sets of real images from Debian's packages.",
            discussion: """
                colin27-axial and colin27-coronal are slices of a real brain MRI with lesions drawn by a documented, \
                seeded synthesis; ihc-patches is real histology. Needs the packages mricron-data and python3-skimage \
                (or its image ihc.png).

                Example: medsweep data demo demo-data
                """)

        @Argument(help: "The folder to prepare them in.")
        var folder: String

        @Option(help: "The brain volume (ch2better.nii.gz of mricron-data).")
        var volume: String?

        @Option(help: "The histology image (ihc.png of python3-skimage).")
        var ihc: String?

        func run() throws {
            var sources = DemoSources()
            if let volume { sources.volume = URL(filePath: volume) }
            if let ihc { sources.histology = URL(filePath: ihc) }
            var line = ProgressLine()
            let folder = URL(filePath: folder, directoryHint: .isDirectory)
            try DemoData.prepare(into: folder, sources: sources) { what, done, total in
                line.show("preparing \(what): \(done) of \(total) images")
            }
            line.clear()
            Terminal.note("the demo's data sets are in '\(folder.path)'")
        }
    }

    /// `medsweep data sheet`
    struct Sheet: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draws a contact sheet: training, normal test and abnormal test images, a row or more each.",
            discussion: "Example: medsweep data sheet demo-data/colin27-axial -o sheet.png")

        @Argument(help: "The data set's folder.")
        var folder: String

        @Option(name: [.short, .long], help: "The PNG file to write.")
        var output: String

        func run() throws {
            let root = URL(filePath: folder, directoryHint: .isDirectory)
            let images = try ImageFolder.open(root, name: root.standardizedFileURL.lastPathComponent)
            let rows = [images.train, images.test.filter { !$0.isAbnormal }, images.test.filter(\.isAbnormal)]
            let table = try images.intensityTable()
            let chosen = try rows.flatMap { row -> [Image] in
                // Sixteen images spread over the list.
                try (0..<16).map { try images.image(row[$0 * row.count / 16], table) }
            }
            try DurableFile.write(ImageCodec.encodePNG(ContactSheet.make(chosen, columns: 16)), toNamed: output)
        }
    }
}
