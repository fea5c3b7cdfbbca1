import Catalogue
import Crypto
import Foundation

extension ImageFolder {
    /// The SHA-256 (lower-case hexadecimal) of the data set's content: of the lines `split label name image mask` in
    /// their order, where image and mask are the SHA-256 of the files' bytes, or `-`, several masks joined by `+`, and of a line for each option
    /// that is not the study's, such as `orientation exif`. It depends neither on where the folder lies nor on how `data.json` is written.
    /// - Throws: ``DatasetError`` that names a file that cannot be read.
    public func fingerprint() throws(DatasetError) -> String {
        let digests = try parallelMap(train + test) { entry throws(DatasetError) in
            let image = try ImageFolder.digest(entry.path)
            var masks: [String] = []
            for mask in entry.masks { masks.append(try ImageFolder.digest(mask)) }
            return (image: image, masks: masks)
        }
        return fingerprint(of: digests)
    }

    /// The fingerprint from the SHA-256 of every file of training and test, in their order.
    func fingerprint(of digests: [(image: String, masks: [String])]) -> String {
        var hash = SHA256()
        for (index, (entry, digest)) in zip(train + test, digests).enumerated() {
            let split = index < train.count ? "train" : "test"
            hash.update(
                data: Data("\(split) \(entry.isAbnormal ? 1 : 0) \(entry.name) \(digest.image) \(digest.masks.isEmpty ? "-" : digest.masks.joined(separator: "+"))\n".utf8))
        }
        hash.update(data: Data(options.fingerprintLines.utf8))
        return hash.finalize().hexadecimal
    }

    private static func digest(_ file: URL) throws(DatasetError) -> String {
        guard let bytes = FileManager.default.contents(atPath: file.path) else {
            throw DatasetError("cannot read '\(file.path)'; see that it is there and this user may read it")
        }
        return SHA256.hash(data: bytes).hexadecimal
    }
}
