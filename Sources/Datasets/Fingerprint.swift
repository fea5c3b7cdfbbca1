import Catalogue
import Crypto
import Foundation

extension ImageFolder {
    /// The SHA-256 (lower-case hexadecimal) of the data set's content: of the lines `split label name image mask` in
    /// their order, where image and mask are the SHA-256 of the files' bytes, or `-`. It depends neither on where the
    /// folder lies nor on how `data.json` is written.
    /// - Throws: ``DatasetError`` that names a file that cannot be read.
    public func fingerprint() throws(DatasetError) -> String {
        let entries = train.map { ("train", $0) } + test.map { ("test", $0) }
        let lines = try parallelMap(entries) { split, entry throws(DatasetError) in
            let image = try ImageFolder.digest(entry.path)
            let mask = try entry.mask.map { mask throws(DatasetError) in try ImageFolder.digest(mask) }
            return "\(split) \(entry.isAbnormal ? 1 : 0) \(entry.name) \(image) \(mask ?? "-")\n"
        }
        return SHA256.hash(data: Data(lines.joined().utf8)).hexadecimal
    }

    private static func digest(_ file: URL) throws(DatasetError) -> String {
        guard let bytes = FileManager.default.contents(atPath: file.path) else {
            throw DatasetError("cannot read '\(file.path)'")
        }
        return SHA256.hash(data: bytes).hexadecimal
    }
}
