/// FNV-1a over eight bytes at a time, in four interleaved lanes so that the processor need not wait for each product: against
/// damage, not against intent. The same bytes give the same value however they are cut into pieces.
package struct Checksum {
    private var lanes = SIMD4<UInt64>(repeating: 0xCBF2_9CE4_8422_2325)
    /// Bytes that wait for a whole block of 32.
    private var rest: [UInt8] = []

    package init() {}

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        if !rest.isEmpty {
            offset = min(32 - rest.count, bytes.count)
            rest += bytes[..<offset]
            guard rest.count == 32 else { return }
            rest.withUnsafeBytes { mix($0, at: 0) }
            rest = []
        }
        while offset + 32 <= bytes.count {
            mix(bytes, at: offset)
            offset += 32
        }
        rest = Array(bytes[offset...])
    }

    private mutating func mix(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        for lane in 0..<4 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8 * lane, as: UInt64.self))
            lanes[lane] = (lanes[lane] ^ word) &* 0x100_0000_01B3
        }
    }

    /// The checksum of all bytes so far.
    package var value: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for lane in 0..<4 { hash = (hash ^ lanes[lane]) &* 0x100_0000_01B3 }
        for byte in rest { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
