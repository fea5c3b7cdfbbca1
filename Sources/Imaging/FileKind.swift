#if canImport(Glibc)
import Glibc
#endif

/// What a file is by its first bytes, whatever it is called: said where an image, or weights, should be and are not.
public enum FileKind {
    /// What the file is instead, with the mend, as the end of a sentence that begins with its name: `is a DICOM file; …`. `nil` for a kind
    /// that is not known.
    /// - Parameter bytes: the file's first bytes, some hundreds where it has them.
    public static func foreign(_ bytes: some Collection<UInt8>) -> String? {
        let head = Array(bytes.prefix(512))
        if let pointer = pointer(head) { return pointer }
        if let name = image(head) { return "is \(name); convert it to PNG" }
        if head.starts(with: [0x1F, 0x8B]) { return "is compressed by gzip; unpack it" }
        let text = String(decoding: head, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        if ["<!doctype html", "<html", "<head", "<body"].contains(where: text.hasPrefix) {
            return "is a web page, as a download leaves that failed or asked for a login; fetch the file itself"
        }
        if text.hasPrefix("<?xml") || text.hasPrefix("<error") {
            return "is a text in XML, as a download leaves that was refused; fetch the file itself"
        }
        if head.count >= 64, head.allSatisfy({ $0 == 0 }) { return "begins with nothing but zeros, as a copy leaves that was broken off; copy it again" }
        return nil
    }

    /// As the other one, of a file; `nil` also for one that cannot be read.
    public static func foreign(at path: String) -> String? {
        // Without blocking, or a pipe nobody writes to would hold the reader for good.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var head = [UInt8](repeating: 0, count: 512)
        let got = read(descriptor, &head, head.count)
        return got > 0 ? foreign(head[..<got]) : nil
    }

    /// What tools that keep large files under version control put in a file's place until it is asked for.
    private static func pointer(_ head: [UInt8]) -> String? {
        if head.starts(with: Array("version https://git-lfs".utf8)) {
            return "is a pointer of Git LFS and not the file itself; fetch it with `git lfs pull`"
        }
        // `/annex/objects/…`, or a link's text `../.git/annex/objects/…`.
        let text = String(decoding: head, as: UTF8.self)
        if head.count < 512, text.contains("/annex/objects/") {
            return "is a pointer of git-annex and not the file itself; fetch it with `git annex get`"
        }
        return nil
    }

    private static func image(_ head: [UInt8]) -> String? {
        func has(_ text: String, at place: Int = 0) -> Bool { head.dropFirst(place).starts(with: text.utf8) }
        if has("DICM", at: 128) { return "a DICOM file" }
        if head.starts(with: [0x49, 0x49, 0x2A, 0]) || head.starts(with: [0x4D, 0x4D, 0, 0x2A]) || head.starts(with: [0x49, 0x49, 0x2B, 0]) {
            return "a TIFF image"
        }
        if has("RIFF"), has("WEBP", at: 8) { return "a WebP image" }
        if has("GIF8") { return "a GIF image" }
        if has("BM"), head.count > 14, head[6..<10].allSatisfy({ $0 == 0 }) { return "a BMP image" }
        if head.starts(with: [0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20]) || head.starts(with: [0xFF, 0x4F, 0xFF, 0x51]) { return "a JPEG 2000 image" }
        if has("ftyp", at: 4) { return has("avif", at: 8) ? "an AVIF image" : "a HEIF image or a film" }
        if has("n+1", at: 344) || has("ni1", at: 344) { return "a NIfTI volume" }
        if has("\u{93}NUMPY") || head.starts(with: [0x93] + Array("NUMPY".utf8)) { return "a NumPy array" }
        if head.starts(with: [0x89, 0x48, 0x44, 0x46]) { return "an HDF5 file" }
        if has("%PDF") { return "a PDF document" }
        if head.starts(with: [0x50, 0x35, 0x0A]) || head.starts(with: [0x50, 0x36, 0x0A]) { return "a PGM or PPM image" }
        return nil
    }
}
