import Foundation
import TestSupport
import Testing

@testable import Imaging

struct NIfTITests {
    /// A volume of 3 × 2 × 2 voxels 0...11 of a data type, written by hand.
    private func file(type: Int16, size: Int, bigEndian: Bool = false, slope: Float = 0, intercept: Float = 0, _ voxel: (Int) -> [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 352)
        func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
            withUnsafeBytes(of: bigEndian ? value.bigEndian : value.littleEndian) { header.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }
        put(Int32(348), at: 0)
        for (index, extent) in [3, 3, 2, 2].enumerated() { put(Int16(extent), at: 40 + 2 * index) }
        put(type, at: 70)
        put(Int16(size * 8), at: 72)
        put(Float(352).bitPattern, at: 108)
        put(slope.bitPattern, at: 112)
        put(intercept.bitPattern, at: 116)
        header.replaceSubrange(344..<348, with: Array("n+1\0".utf8))
        return header + (0..<12).flatMap { index in bigEndian ? voxel(index).reversed() : voxel(index) }
    }

    private func bytes<Value>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    @Test func readsEveryTypeInBothByteOrders() throws {
        for bigEndian in [false, true] {
            let files = [
                file(type: 2, size: 1, bigEndian: bigEndian) { [UInt8($0)] },
                file(type: 256, size: 1, bigEndian: bigEndian) { bytes(Int8($0)) },
                file(type: 4, size: 2, bigEndian: bigEndian) { bytes(Int16($0).littleEndian) },
                file(type: 512, size: 2, bigEndian: bigEndian) { bytes(UInt16($0).littleEndian) },
                file(type: 8, size: 4, bigEndian: bigEndian) { bytes(Int32($0).littleEndian) },
                file(type: 16, size: 4, bigEndian: bigEndian) { bytes(Float($0).bitPattern.littleEndian) },
                file(type: 64, size: 8, bigEndian: bigEndian) { bytes(Double($0).bitPattern.littleEndian) },
            ]
            for file in files {
                let volume = try NIfTIVolume(file, name: "v")
                #expect(volume.values == (0..<12).map(Float.init))
                #expect(volume.size == (3, 2, 2))
            }
        }
    }

    @Test func slicesShowTheHeadUp() throws {
        let volume = try NIfTIVolume(file(type: 2, size: 1) { [UInt8($0)] }, name: "v")
        // The last row of the image is the first of the volume.
        #expect(volume.slice(.axial, at: 1, window: 0...255).pixels == [9, 10, 11, 6, 7, 8])
        #expect(volume.slice(.coronal, at: 0, window: 0...255).pixels == [6, 7, 8, 0, 1, 2])
        #expect(volume.slice(.axial, at: 0, window: 1...3).pixels == [255, 255, 255, 0, 0, 128])
    }

    @Test func scalesValues() throws {
        let volume = try NIfTIVolume(file(type: 2, size: 1, slope: 2, intercept: -1) { [UInt8($0)] }, name: "v")
        #expect(volume.values[3] == 5)
    }

    /// Files that a Python script packed, gzipped and little-endian, and plain and big-endian.
    @Test(arguments: ["little.nii.gz", "big.nii"]) func readsFilesMadeElsewhere(_ name: String) throws {
        let volume = try NIfTIVolume(#require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil)))
        #expect(volume.size == (5, 4, 3))
        let expected: [Float] = (0..<60).map { index in
            let voxel = Float(7 * index - 100)
            return voxel * 0.5 + 10
        }
        #expect(volume.values == expected)
    }

    @Test func damagedPackedVolumesNeverCrash() throws {
        var random = SplitMix(11)
        for name in ["little.nii.gz", "big.nii"] {
            let whole = [UInt8](try Data(contentsOf: #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))))
            for _ in 0..<500 {
                var damaged = whole
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                _ = try? NIfTIVolume(damaged, name: "damaged")
            }
        }
    }

    /// Values that are no numbers, and a header of pairs of files.
    @Test func oddHeadersAndValues() throws {
        let notNumbers = file(type: 16, size: 4) { bytes(($0 == 0 ? Float.nan : $0 == 1 ? .infinity : 5).bitPattern.littleEndian) }
        #expect(try NIfTIVolume(notNumbers, name: "v").slice(.axial, at: 0, window: 0...10).pixels == [128, 128, 128, 0, 0, 128])
        var pair = file(type: 2, size: 1) { [UInt8($0)] }
        pair[345] = UInt8(ascii: "i")
        let error = #expect(throws: ImagingError.self) { try NIfTIVolume(pair, name: "v.hdr") }
        #expect(error?.description.contains("another file") == true)
    }

    @Test func damageIsNamed() {
        let whole = file(type: 4, size: 2) { bytes(Int16($0).littleEndian) }
        for cut in [0, 4, 100, 351, 352, 370] {
            let error = #expect(throws: ImagingError.self) { try NIfTIVolume(Array(whole.prefix(cut)), name: "v.nii") }
            #expect(error?.description.contains("'v.nii'") == true)
        }
        var other = whole
        other[70] = 128
        #expect(throws: ImagingError.self) { try NIfTIVolume(other, name: "v.nii") }
        #expect(throws: ImagingError.self) { try NIfTIVolume([0x1F, 0x8B, 8, 0, 1, 2, 3], name: "v.nii.gz") }
        #expect(throws: ImagingError.self) { try NIfTIVolume(URL(filePath: "/no/such.nii")) }
    }
}
