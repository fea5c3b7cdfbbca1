/// Swapping rows and columns of bytes, which lets operations along rows work on whole vectors of columns.
enum Transposition {
    /// Writes `source`, `[height, width]` with `sourceStride` bytes from row to row, to `target`, `[width, height]`.
    static func transpose(
        _ source: UnsafePointer<UInt8>, sourceStride: Int, width: Int, height: Int,
        to target: UnsafeMutablePointer<UInt8>, targetStride: Int
    ) {
        let (wholeWidth, wholeHeight) = (width & ~7, height & ~7)
        for y in stride(from: 0, to: wholeHeight, by: 8) {
            for x in stride(from: 0, to: wholeWidth, by: 8) {
                block(source + y * sourceStride + x, sourceStride, target + x * targetStride + y, targetStride)
            }
        }
        for y in 0..<height {
            for x in (y < wholeHeight ? wholeWidth : 0)..<width { target[x * targetStride + y] = source[y * sourceStride + x] }
        }
    }

    /// Eight by eight bytes in three rounds that swap halves, quarters and single bytes (Warren, Hacker's Delight, 7-3).
    @inline(__always)
    private static func block(
        _ source: UnsafePointer<UInt8>, _ sourceStride: Int, _ target: UnsafeMutablePointer<UInt8>, _ targetStride: Int
    ) {
        @inline(__always) func row(_ index: Int) -> UInt64 {
            UInt64(littleEndian: UnsafeRawPointer(source + index * sourceStride).loadUnaligned(as: UInt64.self))
        }
        @inline(__always) func store(_ value: UInt64, _ index: Int) {
            UnsafeMutableRawPointer(target + index * targetStride).storeBytes(of: value.littleEndian, as: UInt64.self)
        }
        @inline(__always) func exchange(_ a: inout UInt64, _ b: inout UInt64, _ shift: UInt64, _ mask: UInt64) {
            let difference = ((a &>> shift) ^ b) & mask
            b ^= difference
            a ^= difference &<< shift
        }
        var (a, b, c, d) = (row(0), row(1), row(2), row(3))
        var (e, f, g, h) = (row(4), row(5), row(6), row(7))
        let bytes: UInt64 = 0x00FF_00FF_00FF_00FF
        exchange(&a, &b, 8, bytes)
        exchange(&c, &d, 8, bytes)
        exchange(&e, &f, 8, bytes)
        exchange(&g, &h, 8, bytes)
        let quarters: UInt64 = 0x0000_FFFF_0000_FFFF
        exchange(&a, &c, 16, quarters)
        exchange(&b, &d, 16, quarters)
        exchange(&e, &g, 16, quarters)
        exchange(&f, &h, 16, quarters)
        let halves: UInt64 = 0x0000_0000_FFFF_FFFF
        exchange(&a, &e, 32, halves)
        exchange(&b, &f, 32, halves)
        exchange(&c, &g, 32, halves)
        exchange(&d, &h, 32, halves)
        store(a, 0)
        store(b, 1)
        store(c, 2)
        store(d, 3)
        store(e, 4)
        store(f, 5)
        store(g, 6)
        store(h, 7)
    }
}
