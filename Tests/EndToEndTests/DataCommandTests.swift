import Foundation
import Testing

/// `medsweep data` as a user runs it.
@Suite(.serialized) struct DataCommandTests {
    private func run(_ place: Workplace, _ arguments: String...) async throws -> Programs.Outcome {
        try await Programs.run("medsweep", ["data"] + arguments, in: place.folder)
    }

    /// The small data set in MVTec's folders.
    private func folders(in place: Workplace) throws -> URL {
        let (own, discs) = (place.folder.appending(path: "own"), place.data.appending(path: "discs"))
        func move(_ part: String, _ prefix: String, _ target: String, suffix: String = "") throws {
            let folder = own.appending(path: target)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let names = try FileManager.default.contentsOfDirectory(atPath: discs.appending(path: part).path).filter { $0.hasPrefix(prefix) }
            for name in names {
                try FileManager.default.moveItem(
                    at: discs.appending(path: "\(part)/\(name)"),
                    to: folder.appending(path: name.replacingOccurrences(of: ".png", with: "\(suffix).png")))
            }
        }
        try move("images", "train", "train/good")
        try move("images", "normal", "test/good")
        try move("images", "abnormal", "test/spot")
        try move("masks", "abnormal", "ground_truth/spot", suffix: "_mask")
        try FileManager.default.removeItem(at: discs)
        return own
    }

    private struct Printed: Decodable {
        struct Counts: Decodable { let train: Int, testNormal: Int, testAbnormal: Int, masks: Int }
        struct Problem: Decodable { let kind: String, message: String, files: [String] }
        let name: String
        let layout: String
        let counts: Counts
        let fingerprint: String?
        let problems: [Problem]
        let warnings: [Problem]
    }

    @Test func checkCountsAndNamesWhatIsWrong() async throws {
        let place = try Workplace()
        let own = try folders(in: place)
        func printed() async throws -> (outcome: Programs.Outcome, check: Printed) {
            let outcome = try await run(place, "check", own.path, "--json")
            return (outcome, try JSONDecoder().decode(Printed.self, from: Data(outcome.output.utf8)))
        }
        let first = try await printed()
        #expect(first.check.layout == "folder" && first.check.name == "own" && first.check.fingerprint?.count == 64)
        #expect(first.check.counts.train == 20 && first.check.counts.testNormal == 6 && first.check.counts.masks == 6)
        #expect(first.outcome.status == 0 && first.check.problems.isEmpty, "\(first.check.problems)")
        let second = try await run(place, "check", own.path)
        #expect(second.status == 0 && second.errors.isEmpty, "\(second.output) \(second.errors)")
        #expect(second.output.contains("fingerprint ") && !second.output.contains("problem: "))

        try FileManager.default.removeItem(at: own.appending(path: "ground_truth/spot/abnormal-3_mask.png"))
        try Data("none".utf8).write(to: own.appending(path: "train/good/train-0.png"))
        let third = try await printed()
        #expect(third.outcome.status == 65)
        #expect(third.check.problems.map(\.kind) == ["missing-mask", "unreadable"] && third.check.fingerprint == nil)
        let sentence = third.outcome.errors.split(whereSeparator: \.isNewline)
        #expect(sentence.count == 1 && sentence[0].contains("2 problems") && sentence[0].contains("abnormal-3"), "\(third.outcome.errors)")
        let text = try await run(place, "check", own.path)
        #expect(text.status == 65 && text.output.contains("problem: '\(own.path)/train/good/train-0.png' is neither a PNG nor a JPEG"), "\(text.output)")
    }

    /// What is added is listed, and jobs train on it, pixel metrics included.
    @Test func whatIsAddedIsListedAndTrainedOn() async throws {
        let place = try Workplace()
        let own = try folders(in: place)
        let (picture, copy) = (own.appending(path: "train/good/train-0.png"), own.appending(path: "test/good/normal-0.png"))
        try Data(contentsOf: picture).write(to: copy)
        let none = try await run(place, "list", "--data", place.data.path)
        #expect(none.status == 0 && none.output.isEmpty && none.errors.contains("no data sets"), "\(none.errors)")
        let added = try await run(place, "add", "spots", "own", "--data", place.data.path)
        #expect(added.status == 0 && added.output.contains("'spots' (20 training and 12 test images) is known through"), "\(added.output) \(added.errors)")
        let again = try await run(place, "add", "spots", own.path, "--data", place.data.path)
        #expect(again.status == 0 && again.output.contains("nothing is changed"), "\(again.errors)")
        let list = try await run(place, "list", "--data", place.data.path)
        let rows = list.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.count == 2 && rows[1][..<6] == ["spots", "folder", "20", "6", "6", "6"], "\(list.output)")
        #expect(rows[1][6] == "grey" && rows[1][7].count == 8 && rows[1][8] == own.resolvingSymlinksInPath().path, "\(list.output)")

        let sweep = try place.write(
            """
            sweep: tiny
            fixed: {epochs: 1, batch_size: 8, input_size: 32, hidden_size: 16, latent_size: 4}
            matrix: {method: ae, dataset: spots, seed: 0}
            """, to: "tiny.yaml")
        let trained = try await Programs.run("medsweep", ["run", sweep, "--data", place.data.path, "--workers", "1"], in: place.folder)
        #expect(trained.status == 0, "\(trained.errors)")
        // Whoever trains on the picture that is in both hears of it, each time.
        #expect(trained.errors.contains("data set 'spots': the same picture is in training ("), "\(trained.errors)")
        let replayed = try await Programs.run("medsweep", ["run", sweep, "--data", place.data.path, "--workers", "1"], in: place.folder)
        #expect(replayed.errors.contains("data set 'spots': the same picture is in training ("), "\(replayed.errors)")
        let report = try await Programs.run("medsweep", ["report", "tiny", "-f", "json"], in: place.folder)
        #expect(report.output.contains("pixel_ap"), "\(report.output) \(report.errors)")
        // A set that breaks later is said, and does not hide the others.
        try FileManager.default.removeItem(at: own.appending(path: "ground_truth/spot/abnormal-3_mask.png"))
        let broken = try await run(place, "list", "--data", place.data.path)
        #expect(broken.status == 0 && broken.errors.contains("'spots' cannot be used") && broken.errors.contains("abnormal-3.png"), "\(broken.errors)")
    }

    /// One name in two folders: both are listed, and whoever takes one is told of the other.
    @Test func bothOfOneNameAreTold() async throws {
        let place = try Workplace()
        let own = try folders(in: place)
        let other = place.folder.appending(path: "other-data")
        for folder in [place.data.path, other.path] {
            let added = try await run(place, "add", "spots", own.path, "--data", folder)
            #expect(added.status == 0, "\(added.errors)")
        }
        // Two links to one folder are one data set.
        let once = try await run(place, "list", "--data", place.data.path, "--data", other.path)
        #expect(once.output.split(separator: "\n").count == 2 && once.errors.isEmpty, "\(once.output) \(once.errors)")
        try FileManager.default.removeItem(at: other.appending(path: "spots"))
        try FileManager.default.copyItem(at: own, to: other.appending(path: "spots"))
        let both = try await run(place, "list", "--data", place.data.path, "--data", other.path)
        #expect(both.output.split(separator: "\n").count == 3, "\(both.output)")
        #expect(both.errors.contains("'\(other.path)/spots' of the same name is not looked at"), "\(both.errors)")
        let sweep = try place.write("sweep: tiny\nmatrix: {method: ae, dataset: spots, seed: 0}\n", to: "tiny.yaml")
        let plan = try await Programs.run("medsweep", ["plan", sweep, "--data", place.data.path, "--data", other.path], in: place.folder)
        #expect(plan.status == 0 && plan.errors.contains("of the same name is not looked at"), "\(plan.errors)")
    }

    @Test func whatCannotBeAddedIsRefused() async throws {
        let place = try Workplace()
        let own = try folders(in: place)
        func refuse(_ status: Int32, _ part: String, _ arguments: String...) async throws {
            let outcome = try await Programs.run("medsweep", ["data", "add"] + arguments, in: place.folder)
            #expect(outcome.status == status && outcome.output.isEmpty, "\(outcome.output) \(outcome.errors)")
            #expect(outcome.errors.contains(part) && outcome.errors.split(whereSeparator: \.isNewline).count == 1, "\(outcome.errors)")
        }
        let data = place.folder.appending(path: "new-data").path
        try await refuse(64, "--data", "spots", own.path)
        try await refuse(65, "cannot be called 'a/b'", "a/b", own.path, "--data", data)
        try await refuse(65, "no data folder", "spots", "none", "--data", data)
        try await refuse(65, "has no data.json", "spots", place.data.path, "--data", data)
        try Data("none".utf8).write(to: own.appending(path: "train/good/train-0.png"))
        try await refuse(65, "train-0.png", "spots", own.path, "--data", data)
        #expect(!FileManager.default.fileExists(atPath: data))
    }
}
