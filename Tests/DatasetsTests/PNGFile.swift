import Foundation

/// PNG files of what the codec reads and does not write, stored without compression.
enum PNGFile {
    /// A grey image.
    static func grey(width: Int, height: Int, depth: Int, _ sample: (Int) -> Int) -> Data {
        var rows: [UInt8] = []
        for row in 0..<height {
            rows.append(0)
            for column in 0..<width {
                let value = sample(row * width + column)
                if depth == 16 { rows.append(UInt8(value >> 8)) }
                rows.append(UInt8(value & 255))
            }
        }
        // A zlib stream of one stored block.
        let length = UInt16(rows.count)
        var stream: [UInt8] = [0x78, 0x01, 0x01] + bytes(length.littleEndian) + bytes((~length).littleEndian) + rows
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in rows {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        stream += bytes((high << 16 | low).bigEndian)
        let header = bytes(UInt32(width).bigEndian) + bytes(UInt32(height).bigEndian) + [UInt8(depth), 0, 0, 0, 0]
        return Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header) + chunk("IDAT", stream) + chunk("IEND", []))
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + content
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in body {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
        }
        return bytes(UInt32(content.count).bigEndian) + body + bytes((~remainder).bigEndian)
    }
}
