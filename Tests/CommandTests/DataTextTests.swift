import Foundation
import Testing

@testable import Datasets
@testable import medsweep

/// What `medsweep data check` prints.
@Suite struct DataTextTests {
    @Test func progressTellsTheTimeLeft() {
        #expect(CheckProgress.text(done: 1, total: 100, seconds: 0.1) == "checking 1 of 100 images")
        #expect(CheckProgress.text(done: 25, total: 100, seconds: 10) == "checking 25 of 100 images, about 30 s left")
        #expect(CheckProgress.text(done: 100, total: 100, seconds: 40) == "checking 100 of 100 images")
    }

    @Test func manyProblemsOfAKindAreCounted() {
        let images = (0..<14).map { DatasetProblem(.missingImage, "no \($0)", files: ["\($0)"]) }
        let lines = CheckText.words(images + [DatasetProblem(.counts, "too few")], "problem")
        #expect(lines.prefix(10) == (0..<10).map { "problem: no \($0)" }[...])
        #expect(lines.suffix(2) == ["problem: too few", "problem: 4 more of this kind (missing-image); --json names them all"])
    }

    @Test func reportsAreAFewLines() throws {
        let root = URL.temporaryDirectory.appending(path: "medsweep-text-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        // A PNG of one black pixel; the same picture everywhere.
        let pixel = Data(base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")!
        for part in ["train/good", "test/good", "test/Ungood"] {
            try FileManager.default.createDirectory(at: root.appending(path: part), withIntermediateDirectories: true)
            try pixel.write(to: root.appending(path: "\(part)/a.png"))
        }
        let check = try DatasetCheck.run(root, name: "Camelyon16", cacheDirectory: root.appending(path: "cache"))
        let lines = CheckText.report(check).split(separator: "\n")
        #expect(lines[0] == "c16: 1 training images, 1 normal and 1 abnormal test images, 0 masks")
        #expect(lines[1] == "layout camelyon16, 1 × 1 pixels, grey")
        #expect(lines[2] == "fingerprint \(try #require(check.fingerprint))")
        #expect(lines[3] == "problem: the same picture is in training ('train/good/a.png') and test ('test/good/a.png'); take it out of one")
        #expect(lines[4].hasPrefix("problem: there are 1 training images where the study has 5088, 1 normal test images where the study has 1120"))
        #expect(lines[5] == "warning: less than 8 pixels wide or high: 3 images, such as 'train/good/a.png'")
        #expect(lines.count == 6)
        let sentence = try #require(CheckText.sentence(check, folder: "/data"))
        #expect(sentence.hasPrefix("'/data' has 2 problems; the first: the same picture"))
    }
}
