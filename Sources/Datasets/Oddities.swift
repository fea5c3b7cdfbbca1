/// What is odd about a data set's images, though jobs can be trained on them.
struct Oddities {
    private(set) var warnings: [DatasetProblem] = []

    init(_ folder: ImageFolder, _ findings: [(entry: ImageEntry, finding: Finding)], sizes: [DatasetCheck.Size], samples: DatasetCheck.Samples?) {
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
        if folder.options.orientation == .stored {
            warn(.orientation, files { $1.isTurned }) {
                "turned by EXIF, which is not followed, as in the study: \($0); \(folder.option("\"orientation\": \"exif\"")) follows it"
            }
        }
        if folder.options.intensity == .study, let samples, samples.isNarrow {
            warnings.append(
                .init(.intensity,
                      "samples of sixteen bits that go from \(samples.lowest) to \(samples.highest) become \(samples.levels) grey levels of 256, since the upper eight bits are taken; \(folder.option("\"intensity\": \"bits\"")) (or \"range\" or \"percentile\") keeps more"))
        }
        warn(.link, files { $1.isLinkedOut }) { "links that lead out of the folder: \($0)" }
        warn(.emptyMask, files { $1.marks?.share == 0 }) { "with a mask that marks nothing: \($0)" }
        warn(.emptyMask, files { $1.marks.map { $0.share > 0 && $0.isLostWhenSmall } ?? false }) {
            "with a mask of which nothing is left at \(Finding.Marks.usualSide) × \(Finding.Marks.usualSide) pixels: \($0)"
        }
        let grey = findings.compactMap { entry, finding in finding.marks?.grey.map { (place: folder.place(of: entry), grey: $0) } }
        if let worst = grey.max(by: { $0.grey.aboveHalf / $0.grey.aboveZero > $1.grey.aboveHalf / $1.grey.aboveZero }) {
            func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
            let images = grey.count == 1 ? "'\(worst.place)'" : "\(grey.count) images, such as '\(worst.place)'"
            let (above, half) = (percent(worst.grey.aboveZero), percent(worst.grey.aboveHalf))
            warnings.append(
                .init(.greyMask,
                      "with a grey mask: \(images) (\(worst.grey.levels) levels; > 0 marks \(above), > \(worst.grey.half) marks \(half)); whatever is above 0 counts as marked, unless \(folder.option("\"mask_threshold\": \(worst.grey.half)")) says otherwise",
                      files: grey.map(\.place)))
        }
        warn(.fullMask, files { $1.marks.map { $0.share > 0.9 } ?? false }) {
            "with a mask that marks more than 90 %: \($0); it may be inverted, or its marks in its transparency, which is not read"
        }
        let abnormal = findings.filter { $0.entry.isAbnormal }
        if abnormal.contains(where: \.entry.hasMask) {
            warn(.missingMask, abnormal.filter { !$0.entry.hasMask }.map { folder.place(of: $0.entry) }) {
                "abnormal, but without a mask, so that their pixels count as normal: \($0)"
            }
        }
    }
}

extension ImageFolder {
    /// An option and the file that it belongs into, in words.
    func option(_ text: String) -> String { "\(text) in \(layout == .lists ? "data.json" : DatasetOptions.file)" }
}
