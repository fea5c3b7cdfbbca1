import Catalogue
import Crypto
import Foundation
import Imaging
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// What a thorough look at a data set's folder finds: every file is read and decoded.
public struct DatasetCheck: Sendable, Encodable {
    /// A size in pixels and how many images have it.
    public struct Size: Sendable, Hashable, Encodable {
        public let width: Int
        public let height: Int
        public let count: Int
    }

    /// What samples of sixteen bits span.
    public struct Samples: Sendable, Hashable, Encodable {
        /// How many images have such samples.
        public let images: Int
        public let lowest: Int
        public let highest: Int
        /// Bits that the highest sample needs.
        public var bits: Int { Int.bitWidth - highest.leadingZeroBitCount }
        /// How many of 256 grey levels are left by the study's rule, the upper eight bits.
        public var levels: Int { (highest >> 8) - (lowest >> 8) + 1 }
        /// Whether most grey levels are lost.
        var isNarrow: Bool { levels <= 64 }
    }

    /// The data set's name.
    public let name: String
    /// How its folder is laid out.
    public let layout: DatasetLayout
    /// How the images' EXIF orientation is taken.
    public let orientation: ImageCodec.Orientation
    /// How samples become pixels.
    public let intensity: IntensityRule
    /// The highest sample of a mask that is not marked.
    public let maskThreshold: Int
    /// What samples of sixteen bits span; `nil` without any.
    public let samples: Samples?
    /// What is there.
    public let counts: StudyCounts
    /// What the study has; `nil` for a set that the study does not have.
    public let study: StudyCounts?
    /// The images' sizes, the most frequent first.
    public let sizes: [Size]
    /// How many images are in colour: of three channels that differ somewhere.
    public let colorImages: Int
    /// What the images are taken to be where a sweep does not say, in a data set that the study does not have.
    public let color: ImageColor
    /// What must be mended.
    public let problems: [DatasetProblem]
    /// What is odd, but may be meant so.
    public let warnings: [DatasetProblem]
    /// The content's fingerprint; `nil` when the folder is not whole.
    public let fingerprint: String?

    /// Whether jobs can be trained on it as it is: all files are there and can be decoded.
    public var isReadable: Bool {
        !problems.contains { [.layout, .missingImage, .missingMask, .unreadable, .maskSize].contains($0.kind) }
    }

    /// Reads and decodes every file of a data set on all cores. When the folder is whole, the fingerprint is kept for workers.
    /// - Parameters:
    ///   - name: the data set's name, or its folder's.
    ///   - progress: images done, images in all; called from several threads, one at a time.
    /// - Throws: ``DatasetError`` when the folder is no data set at all.
    public static func run(
        _ root: URL, name: String, cacheDirectory: URL = LocalDatasets.defaultCacheDirectory,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws(DatasetError) -> DatasetCheck {
        let (folder, contents) = try ImageFolder.survey(root, name: name)
        let entries = folder.train + folder.test
        let done = Mutex(0)
        let realRoot = FolderTree.realPath(root.path) ?? root.path
        let findings = parallelMap(entries) { entry in
            let finding = Finding(entry, options: folder.options, realRoot: realRoot)
            done.withLock {
                $0 += 1
                progress($0, entries.count)
            }
            return finding
        }
        // Of the same images as whoever does not check looks at.
        let color: ImageColor = folder.colorPlaces.contains { findings[$0].isColored } ? .rgb : .grey
        var fingerprint: String?
        let digests = findings.compactMap { finding in finding.digest.map { (image: $0, masks: finding.maskDigests) } }
        let areMasksRead = zip(entries, findings).allSatisfy { $0.masks.count == $1.maskDigests.count }
        if contents.problems.isEmpty, digests.count == entries.count, areMasksRead {
            fingerprint = folder.fingerprint(of: digests)
        }
        let check = DatasetCheck(folder, contents, Array(zip(entries, findings)), color: color, fingerprint: fingerprint)
        if let content = check.content, let stamp = try? LocalDatasets.stamp(of: folder) {
            LocalDatasets.keep(content, remarks: check.isReadable ? check.remarks : nil, stamp: stamp, cacheDirectory: cacheDirectory)
        }
        return check
    }

    /// What jobs depend on; `nil` when the folder is not whole.
    public var content: DatasetContent? { fingerprint.map { DatasetContent(fingerprint: $0, color: color) } }

    /// What whoever trains on the data set should hear, though jobs can be trained on it: a sentence a kind, what changes numbers only.
    public var remarks: [String] {
        let kinds: [DatasetProblem.Kind] = [.leak, .lookAlike, .intensity, .greyMask, .fullMask, .emptyMask, .unmatchedMask]
        return kinds.compactMap { kind in
            let all = (problems + warnings).filter { $0.kind == kind }
            guard let first = all.first else { return nil }
            let rest = all.count > 1 ? " (and \(all.count - 1) more of this kind, which medsweep data check names)" : ""
            return first.message.split(whereSeparator: \.isNewline).joined(separator: " ") + rest
        }
    }

    private init(
        _ folder: ImageFolder, _ contents: FolderContents, _ findings: [(ImageEntry, Finding)], color: ImageColor,
        fingerprint: String?
    ) {
        self.color = color
        let described = Catalogue.dataset(orFolder: folder.name)
        name = described?.name ?? folder.name
        layout = folder.layout
        (orientation, intensity) = (folder.options.orientation, folder.options.intensity)
        maskThreshold = folder.options.maskThreshold
        let ranges = findings.compactMap(\.1.deepRange)
        samples = ranges.isEmpty
            ? nil
            : Samples(images: ranges.count, lowest: ranges.map(\.lowerBound).min()!, highest: ranges.map(\.upperBound).max()!)
        counts = StudyCounts(
            train: contents.train.count, testNormal: contents.normal.count, testAbnormal: contents.abnormal.count,
            masks: contents.abnormal.count(where: \.hasMask))
        study = described?.study
        colorImages = findings.count { $0.1.isColored }
        let tallies = Dictionary(findings.compactMap { $0.1.size }.map { ($0, 1) }, uniquingKeysWith: +)
        sizes = tallies.map { Size(width: $0.key.width, height: $0.key.height, count: $0.value) }
            .sorted { ($1.count, $0.width, $0.height) < ($0.count, $1.width, $1.height) }
        self.fingerprint = fingerprint

        let pictures = findings.map { (entry: $0.0, picture: $0.1.picture) }
        let same = SamePictures(folder, pictures)
        problems = contents.problems + findings.flatMap { $0.1.problems(of: folder.place(of: $0.0)) } + same.leaks
            + Self.countProblems(counts, study)
        var warnings = LookAlikes(folder, pictures).warnings + same.duplicates
        warnings += Oddities(folder, findings, sizes: sizes, samples: samples).warnings + contents.warnings
        let unlisted = contents.passedOver + folder.unlisted()
        if let first = unlisted.first {
            warnings.append(
                .init(.unlisted, "\(unlisted.count) files are passed over, such as '\(first)'; take them out if they are not meant so", files: unlisted))
        }
        self.warnings = warnings
    }

    private static func countProblems(_ counts: StudyCounts, _ study: StudyCounts?) -> [DatasetProblem] {
        guard let study, study != counts else { return [] }
        let differences = [
            ("training images", counts.train, study.train), ("normal test images", counts.testNormal, study.testNormal),
            ("abnormal test images", counts.testAbnormal, study.testAbnormal), ("masks", counts.masks, study.masks),
        ].filter { $0.1 != $0.2 }.map { "\($0.1) \($0.0) where the study has \($0.2)" }
        return [.init(.counts, "there are \(differences.joined(separator: ", ")); unpack the study's data again, or call the folder otherwise")]
    }
}

extension ImageFolder {
    /// Where an image lies, relative to the data set's folder.
    func place(of entry: ImageEntry) -> String { layout == .lists ? "images/\(entry.name)" : entry.name }

    /// Files right in `images/` that no list names, relative to the data set's folder.
    func unlisted() -> [String] {
        guard layout == .lists else { return [] }
        let tree = FolderTree(root)
        let listed = Set((train + test).map(\.name))
        return tree.names(in: "images").filter { !listed.contains($0) && tree.kind("images/\($0)") == .file }.map { "images/\($0)" }
    }
}
