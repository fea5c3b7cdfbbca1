/// What is odd about a data set's images, though jobs can be trained on them.
struct Oddities {
    private(set) var warnings: [DatasetProblem] = []

    init(_ folder: ImageFolder, _ findings: [(entry: ImageEntry, finding: Finding)], sizes: [DatasetCheck.Size]) {
        func files(_ isOdd: (ImageEntry, Finding) -> Bool) -> [String] {
            findings.filter { isOdd($0.entry, $0.finding) }.map { folder.place(of: $0.entry) }
        }
        func warn(_ kind: DatasetProblem.Kind, _ files: [String], _ message: (String) -> String) {
            guard let first = files.first else { return }
            let images = files.count == 1 ? "'\(first)'" : "\(files.count) images, such as '\(first)'"
            warnings.append(.init(kind, message(images), files: files))
        }
        if let usual = sizes.first, sizes.count > 1, usual.count * 10 >= 9 * findings.count {
            let odd = files { $1.size.map { ($0.width, $0.height) != (usual.width, usual.height) } ?? false }
            warn(.size, odd) { "of another size than the usual \(usual.width) × \(usual.height) pixels: \($0)" }
        }
        warn(.size, files { $1.size.map { min($0.width, $0.height) < 8 } ?? false }) { "less than 8 pixels wide or high: \($0)" }
        if folder.orientation == .stored {
            warn(.orientation, files { $1.isTurned }) {
                "turned by EXIF, which is not followed, as in the study: \($0); \"orientation\": \"exif\" in data.json follows it"
            }
        }
        warn(.link, files { $1.isLinkedOut }) { "links that lead out of the folder: \($0)" }
        warn(.emptyMask, files { $0.mask != nil && $1.isMaskEmpty }) { "with a mask that marks nothing: \($0)" }
        let abnormal = findings.filter { $0.entry.isAbnormal }
        if abnormal.contains(where: { $0.entry.mask != nil }) {
            warn(.missingMask, abnormal.filter { $0.entry.mask == nil }.map { folder.place(of: $0.entry) }) {
                "abnormal, but without a mask, so that their pixels count as normal: \($0)"
            }
        }
    }
}
