import Foundation

/// Sizes as people write and read them.
public enum ByteSize {
    /// `2GiB`, `500MB`, `1024B` in bytes. A number without a unit is none: nobody could tell what was meant.
    public static func bytes(_ text: String) -> Int64? {
        guard let match = text.wholeMatch(of: /([0-9]{1,9})(B|[KMGT]i?B)/), let count = Int64(match.1) else { return nil }
        let power = ["B": 0, "K": 1, "M": 2, "G": 3, "T": 4][String(match.2.prefix(1))] ?? 0
        let base: Int64 = match.2.contains("i") ? 1024 : 1000
        let (bytes, overflow) = count.multipliedReportingOverflow(by: (0..<power).reduce(1) { product, _ in product * base })
        return overflow ? nil : bytes
    }

    /// `2 GiB`, `1.5 GiB`, `320 MiB`, `12 bytes`.
    public static func text(_ bytes: Int64) -> String {
        for (unit, size) in [("TiB", Int64(1) << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes >= size {
            let tenths = (Double(bytes) / Double(size) * 10).rounded()
            return tenths.truncatingRemainder(dividingBy: 10) == 0 ? "\(Int(tenths / 10)) \(unit)" : "\(tenths / 10) \(unit)"
        }
        return bytes == 1 ? "1 byte" : "\(bytes) bytes"
    }
}
