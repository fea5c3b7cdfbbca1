import Foundation
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
        return header + (0..<12).flatMap { index in bigEndian ? voxel(index).reversed() : voxel(index) }
    }

    private func bytes<Value>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    @Test func readsEveryTypeInBothByteOrders() throws {
        for bigEndian in [false, true] {
            let files = [
                file(type: 2, size: 1, bigEndian: bigEndian) { [UInt8($0)] },
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
