import Catalogue
import Foundation
import Imaging

/// How samples of more than eight bits, or of less than their range, become pixels 0...255.
public enum IntensityRule: String, Sendable, Hashable, Codable, CaseIterable {
    /// The study's: of sixteen bits the upper eight, whatever is in them.
    case study
    /// The upper eight of the bits that the training images use.
    case bits
    /// From the lowest to the highest sample of the training images.
    case range
    /// From the 0.5th to the 99.5th percentile of the training images' samples.
    case percentile
}

/// How a data set's files are taken, as its owner says in `data.json`, or in `medsweep.json` where the layout has no `data.json`. All of it is
/// part of the fingerprint.
public struct DatasetOptions: Sendable, Hashable {
    /// The file of options beside other layouts than `data.json`.
    static let file = "medsweep.json"

    /// How the images' EXIF orientation is taken: `"orientation": "stored"` or `"exif"`.
    public var orientation: ImageCodec.Orientation
    /// How samples become pixels: `"intensity": "study"`, `"bits"`, `"range"` or `"percentile"`.
    public var intensity = IntensityRule.study
    /// The highest sample of a mask that is not marked, as it is stored: `"mask_threshold": 0` to 65534.
    public var maskThreshold = 0

    init(orientation: ImageCodec.Orientation = .stored) { self.orientation = orientation }

    /// What the fingerprint says of options that are not the study's, a line each.
    var fingerprintLines: String {
        (orientation == .exif ? "orientation exif\n" : "") + (intensity == .study ? "" : "intensity \(intensity.rawValue)\n")
            + (maskThreshold == 0 ? "" : "mask_threshold \(maskThreshold)\n")
    }

    /// Takes over what a file of options says.
    /// - Parameter file: what to call it in messages.
    /// - Throws: ``DatasetError`` that names the option.
    mutating func take(_ given: Given, file: String) throws(DatasetError) {
        func choice<Choice: RawRepresentable<String>>(_ word: String, _ name: String, _ words: [String]) throws(DatasetError) -> Choice {
            guard let choice = Choice(rawValue: word) else {
                let list = words.map { "\"\($0)\"" }.joined(separator: " or ")
                throw DatasetError("'\(file)' asks for the \(name) '\(word.prefix(40))'; write \(list)")
            }
            return choice
        }
        if let word = given.orientation { orientation = try choice(word, "orientation", ["stored", "exif"]) }
        if let word = given.intensity { intensity = try choice(word, "intensity", IntensityRule.allCases.map(\.rawValue)) }
        if let number = given.mask_threshold {
            guard let threshold = Int(exactly: number), (0..<65_535).contains(threshold) else {
                throw DatasetError("'\(file)' asks for the mask_threshold \(Setting(number)); write a whole number from 0 to 65534")
            }
            maskThreshold = threshold
        }
    }

    /// The options as they stand in a file.
    struct Given: Decodable {
        var orientation: String?
        var intensity: String?
        var mask_threshold: Double?

        enum CodingKeys: String, CodingKey, CaseIterable { case orientation, intensity, mask_threshold }

        /// What is wrong with a value, as the end of a sentence; `nil` where the key is none of ours.
        static func reason(_ key: String?) -> String? {
            switch key.flatMap({ CodingKeys(rawValue: $0) }) {
            case .orientation: "\"orientation\" is neither \"stored\" nor \"exif\""
            case .intensity: "\"intensity\" is none of \(IntensityRule.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))"
            case .mask_threshold: "\"mask_threshold\" is no number"
            case nil: nil
            }
        }
    }
}

/// `medsweep.json`, the options of a data set without a `data.json`.
struct OptionsReader {
    let tree: FolderTree

    /// Adds what the file says, if there is one, to a reader's own options.
    /// - Throws: ``DatasetError`` that names the file and the option.
    func read(into options: inout DatasetOptions) throws(DatasetError) {
        guard tree.kind(DatasetOptions.file) != .absent else { return }
        let file = tree.path(DatasetOptions.file)
        let bytes = try ListReader.bytes(of: file, should: "hold a data set's options")
        do {
            let names = DatasetOptions.Given.CodingKeys.allCases.map(\.rawValue)
            for key in try JSONDecoder().decode(Keys.self, from: bytes).names where !names.contains(key) {
                throw DatasetError("'\(file)' has the unknown option '\(key.prefix(40))'\(nearestNameHint(for: key, among: names)); options are \(names.joined(separator: ", "))")
            }
            try options.take(JSONDecoder().decode(DatasetOptions.Given.self, from: bytes), file: file)
        } catch let error as DatasetError {
            throw error
        } catch {
            throw DatasetError("'\(file)' does not hold a data set's options: \(ListReader.reason(error, in: bytes))")
        }
    }

    private struct Keys: Decodable {
        let names: [String]
        init(from decoder: any Decoder) throws {
            names = try decoder.container(keyedBy: ListReader.Label.self).allKeys.map(\.stringValue).sorted()
        }
    }
}
