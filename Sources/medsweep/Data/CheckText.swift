import Datasets

/// What `medsweep data check` prints.
enum CheckText {
    /// How many of a kind are written out; `--json` has all.
    private static let limit = 10

    static func report(_ check: DatasetCheck) -> String {
        let counts = check.counts
        var lines = [
            "\(check.name): \(counts.train) training images, \(counts.testNormal) normal and \(counts.testAbnormal) abnormal test images, \(counts.masks) masks"
                + (check.study == counts ? ", as the study has" : "")
        ]
        if !check.sizes.isEmpty {
            let sizes = check.sizes.prefix(3).map { "\($0.width) × \($0.height)" + (check.sizes.count > 1 ? " (\($0.count))" : "") }
            let more = check.sizes.count > 3 ? " and \(check.sizes.count - 3) other sizes" : ""
            let images = check.sizes.reduce(0) { $0 + $1.count }
            let color = check.colorImages == 0 ? "grey" : check.colorImages == images ? "colour" : "\(check.colorImages) of \(images) in colour"
            let turned = check.orientation == .exif ? ", turned upright by EXIF" : ""
            let samples = check.samples.map { ", samples of sixteen bits from \($0.lowest) to \($0.highest) (\($0.bits) bits)" } ?? ""
            let intensity = check.intensity == .study ? "" : ", intensity by \(check.intensity.rawValue)"
            let threshold = check.maskThreshold == 0 ? "" : ", masks above \(check.maskThreshold)"
            lines.append(
                "layout \(check.layout.rawValue), \(sizes.joined(separator: ", "))\(more) pixels, \(color)\(turned)\(samples)\(intensity)\(threshold)")
        }
        lines.append("fingerprint \(check.fingerprint ?? "- (the folder is not whole)")")
        return (lines + words(check.problems, "problem") + words(check.warnings, "warning")).map(\.oneLine).joined(separator: "\n")
    }

    /// One line each, no more than a few of a kind.
    static func words(_ problems: [DatasetProblem], _ word: String) -> [String] {
        var lines: [String] = []
        var counts: [DatasetProblem.Kind: Int] = [:]
        var order: [DatasetProblem.Kind] = []
        for problem in problems {
            if counts[problem.kind] == nil { order.append(problem.kind) }
            counts[problem.kind, default: 0] += 1
            if counts[problem.kind]! <= limit { lines.append("\(word): \(problem.message)") }
        }
        for kind in order where counts[kind]! > limit {
            lines.append("\(word): \(counts[kind]! - limit) more of this kind (\(kind.rawValue)); --json names them all")
        }
        return lines
    }

    /// The one sentence that a check ends with when something must be mended.
    static func sentence(_ check: DatasetCheck, folder: String) -> String? {
        guard let first = check.problems.first else { return nil }
        let message = first.message.oneLine
        return check.problems.count == 1 ? message : "'\(folder)' has \(check.problems.count) problems; the first: \(message)"
    }
}
