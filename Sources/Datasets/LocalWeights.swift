import Catalogue
import Crypto
import DurableFiles
import Foundation
import Imaging

/// What is wrong with a file or folder of pretrained weights: one sentence with the mend.
public struct WeightsError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// A folder of pretrained weights: one file each, called as the catalogue calls the weights, with the ending of the file
/// they came in.
public struct LocalWeights {
    public let folder: URL
    private let catalogue: [WeightsDescription]

    public init(_ folder: URL, catalogue: [WeightsDescription] = Catalogue.weights) {
        self.folder = folder
        self.catalogue = catalogue
    }

    private func known(_ name: String) -> WeightsDescription? { catalogue.first { $0.name == name } }

    /// `$MEDSWEEP_WEIGHTS`, or `~/.medsweep/weights`.
    public static var defaultFolder: URL {
        ProcessInfo.processInfo.environment["MEDSWEEP_WEIGHTS"].flatMap { $0.isEmpty ? nil : URL(filePath: $0, directoryHint: .isDirectory) }
            ?? UserFolders.home().appending(path: ".medsweep/weights", directoryHint: .isDirectory)
    }

    /// The files by name, catalogued or not, unchecked. An absent folder has none.
    /// - Throws: ``WeightsError`` when the folder cannot be listed.
    public func files() throws(WeightsError) -> [String: URL] {
        do {
            let files = try FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
            let whole = try files.filter { try $0.resolvingSymlinksInPath().resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true }
            let named = whole.sorted { $0.path < $1.path }.map { ($0.deletingPathExtension().lastPathComponent, $0) }
            return Dictionary(named, uniquingKeysWith: { first, _ in first })
        } catch {
            guard FileManager.default.fileExists(atPath: folder.path) else { return [:] }
            throw WeightsError("cannot look into the weights folder '\(folder.path)'; name one that this user may read with --weights")
        }
    }

    /// Compares a file with what the catalogue says of its name; names that are not in the catalogue are anyone's own.
    /// - Returns: the published file that it is.
    /// - Throws: ``WeightsError``
    @discardableResult
    public func check(_ name: String, _ file: URL) throws(WeightsError) -> WeightsDescription.PublishedFile? {
        guard let weights = known(name) else { return nil }
        let digest = try Self.digest(of: file)
        guard let published = weights.file(digest: digest) else { throw Self.mismatch(file, weights, digest: digest) }
        return published
    }

    /// Copies a published file into the folder, under the name of its weights. Weights that are there already are
    /// replaced, as they may be damaged.
    /// - Parameter name: what the weights are called; `nil`: whatever the catalogue knows by the file's content.
    /// - Returns: the weights and their new place.
    /// - Throws: ``WeightsError``, also when the file is not what it is called; `FileError` when the folder cannot be
    ///   written. The folder is unchanged then.
    public func add(_ file: URL, name: String? = nil) throws -> (weights: WeightsDescription, place: URL) {
        if let name, known(name) == nil {
            let names = catalogue.map(\.name)
            throw WeightsError("there are no weights called '\(name)'\(nearestNameHint(for: name, among: names)); name one of \(names.joined(separator: ", "))")
        }
        let digest = try Self.digest(of: file)
        // What it says it is comes before what it is: a damaged file should be called damaged, not unknown.
        let claimed = name.flatMap(known)
            ?? catalogue.first { $0.files.contains { $0.name == file.lastPathComponent } }
        guard let weights = claimed ?? catalogue.first(where: { $0.file(digest: digest) != nil }) else {
            if let foreign = FileKind.foreign(at: file.path) { throw WeightsError("'\(file.path)' \(foreign)") }
            throw WeightsError("'\(file.path)' (SHA-256 \(digest.prefix(8))…) is none of the published files of weights; medsweep weights list names them")
        }
        guard weights.file(digest: digest) != nil else { throw Self.mismatch(file, weights, digest: digest) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw WeightsError("cannot make the weights folder '\(folder.path)'; name one that this user may write with --weights")
        }
        let place = folder.appending(path: "\(weights.name).pth")
        let temporary = DurableFile.temporaryName(for: place)
        do {
            let copied = try Self.copy(file, to: temporary)
            // It may have been changed since the digest was taken.
            guard copied == digest else { throw WeightsError("'\(file.path)' changed while it was read; try again") }
        } catch {
            unlink(temporary)
            throw error
        }
        try DurableFile.publish(temporary, as: place)
        return (weights, place)
    }

    private static func mismatch(_ file: URL, _ weights: WeightsDescription, digest: String) -> WeightsError {
        if let foreign = FileKind.foreign(at: file.path) {
            return WeightsError("'\(file.path)' is not \(weights.files[0].name): it \(foreign)")
        }
        let wanted = weights.files.map { "\($0.digest.prefix(8))…" }.joined(separator: " or ")
        return WeightsError(
            "'\(file.path)' is not \(weights.files[0].name): its SHA-256 is \(digest.prefix(8))…, not \(wanted); fetch it again from \(weights.source)")
    }

    // MARK: Bytes

    private static let chunkSize = 4 << 20

    /// The SHA-256 of a file's bytes in lower-case hexadecimal.
    static func digest(of file: URL) throws(WeightsError) -> String {
        var hash = SHA256()
        try read(file) { hash.update(data: $0) }
        return hash.finalize().hexadecimal
    }

    /// Writes a synced copy and returns the SHA-256 of what was written.
    private static func copy(_ file: URL, to target: String) throws -> String {
        let descriptor = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError("write", target) }
        defer { close(descriptor) }
        var hash = SHA256()
        var failure: FileError?
        try read(file) { data in
            hash.update(data: data)
            guard failure == nil else { return }
            do throws(FileError) { try DurableFile.append(data, to: descriptor, name: target) } catch { failure = error }
        }
        if let failure { throw failure }
        guard fsync(descriptor) == 0 else { throw FileError("sync", target) }
        return hash.finalize().hexadecimal
    }

    /// Hands a regular file over piece by piece.
    private static func read(_ file: URL, _ body: (Data) -> Void) throws(WeightsError) {
        func failure(_ reason: String) -> WeightsError { WeightsError("cannot read the weights '\(file.path)': \(reason)") }
        // Without blocking, or a pipe nobody writes to would hold the reader for good.
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw failure("it is not a file") }
        var buffer = [UInt8](repeating: 0, count: chunkSize)
        while true {
            let got = Glibc.read(descriptor, &buffer, buffer.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(String(cString: strerror(errno))) }
            guard got > 0 else { return }
            body(Data(buffer[..<got]))
        }
    }
}
