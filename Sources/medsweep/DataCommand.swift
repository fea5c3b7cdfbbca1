import ArgumentParser
import Datasets
import Foundation
import Imaging
import Wire

/// `medsweep data`
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Prepares, checks and shows data sets.",
        subcommands: [Demo.self, Check.self, Sheet.self])

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

    /// `medsweep data check`
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Counts a data set's images, decodes every one and prints the content's fingerprint.",
            discussion: "Example: medsweep data check ~/MedIAnomaly-Data/BrainTumor")

        @Argument(help: "The data set's folder, with data.json in it.")
        var folder: String

        @Flag(help: "Print JSON.")
        var json = false

        private struct Counts: Encodable {
            let name: String
            let train: Int
            let testNormal: Int
            let testAbnormal: Int
            let masks: Int
            let fingerprint: String
        }

        func run() throws {
            let root = URL(filePath: folder, directoryHint: .isDirectory)
            let images = try ImageFolder.open(root, name: root.lastPathComponent)
            var line = ProgressLine()
            let all = images.train + images.test
            for (index, entry) in all.enumerated() {
                line.show("decoding \(index + 1) of \(all.count) images")
                _ = try ImageCodec.read(entry.path)
            }
            line.clear()
            let abnormal = images.test.filter(\.isAbnormal)
            let counts = Counts(
                name: images.name, train: images.train.count, testNormal: images.test.count - abnormal.count,
                testAbnormal: abnormal.count, masks: abnormal.filter { $0.mask != nil }.count,
                fingerprint: try images.fingerprint())
            if json {
                Terminal.print(String(decoding: try WireCoding.encode(counts), as: UTF8.self))
                return
            }
            Terminal.print(
                """
                \(counts.name): \(counts.train) training images, \(counts.testNormal) normal and \
                \(counts.testAbnormal) abnormal test images, \(counts.masks) masks
                fingerprint \(counts.fingerprint)
                """)
        }
    }

    /// `medsweep data sheet`
    struct Sheet: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draws a contact sheet: training, normal test and abnormal test images, a row or more each.",
            discussion: "Example: medsweep data sheet demo-data/colin27-axial -o sheet.png")

        @Argument(help: "The data set's folder, with data.json in it.")
        var folder: String

        @Option(name: [.short, .long], help: "The PNG file to write.")
        var output: String

        func run() throws {
            let root = URL(filePath: folder, directoryHint: .isDirectory)
            let images = try ImageFolder.open(root, name: root.lastPathComponent)
            let rows = [images.train, images.test.filter { !$0.isAbnormal }, images.test.filter(\.isAbnormal)]
            let chosen = try rows.flatMap { row -> [Image] in
                // Sixteen images spread over the list.
                try (0..<16).map { try ImageCodec.read(row[$0 * row.count / 16].path) }
            }
            try ImageCodec.writePNG(ContactSheet.make(chosen, columns: 16), to: URL(filePath: output))
        }
    }
}
