import CZlib
import Foundation

/// A volume of a NIfTI-1 file (`.nii` or `.nii.gz`): a header of 348 bytes and raw voxels. The axes are taken as they
/// are stored; the orientation in the header is not applied.
public struct NIfTIVolume: Sendable {
    /// Voxels along x, y and z.
    public let size: (x: Int, y: Int, z: Int)
    /// Scaled values, x fastest.
    public let values: [Float]

    /// The most bytes that a file may have, and may unpack to.
    private static let limit = 1 << 30

    /// Reads a file; of a series of volumes the first is taken.
    /// - Throws: ``ImagingError`` that names the file.
    public init(_ file: URL) throws(ImagingError) {
        try self.init(LimitedFile.read(file, limit: NIfTIVolume.limit, what: "volume"), name: file.path)
    }

    /// Reads a file's bytes, gzipped or not. Integers of 8, 16 and 32 bits and floats of 32 and 64 bits are read, in
    /// either byte order, and scaled by the header's slope and intercept unless the slope is 0.
    /// - Parameter name: what to call the volume in messages.
    /// - Throws: ``ImagingError`` that names it.
    public init(_ packed: [UInt8], name: String) throws(ImagingError) {
        func broken(_ reason: String) -> ImagingError { ImagingError("'\(name)' is not a NIfTI-1 volume: \(reason)") }
        let bytes = packed.starts(with: [0x1F, 0x8B]) ? try NIfTIVolume.unpacked(packed, name: name) : packed
        guard bytes.count >= 352 else { throw broken("it has only \(bytes.count) bytes") }
        let isSwapped: Bool
        switch bytes.withUnsafeBytes({ $0.loadUnaligned(as: UInt32.self) }) {
        case UInt32(348).littleEndian: isSwapped = UInt32(1).littleEndian != 1
        case UInt32(348).bigEndian: isSwapped = UInt32(1).bigEndian != 1
        default: throw broken("its header does not begin with its length")
        }
        switch String(decoding: bytes[344..<348], as: UTF8.self) {
        case "n+1\0": break
        case "ni1\0": throw broken("its voxels are in another file; convert the pair to a single .nii file")
        default: throw broken("its header does not end with the format's name")
        }
        func load<Value: FixedWidthInteger>(_ offset: Int, as type: Value.Type) -> Value {
            let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
            return isSwapped ? value.byteSwapped : value
        }
        func number(_ offset: Int) -> Float { Float(bitPattern: load(offset, as: UInt32.self)) }
        let extents = (0..<4).map { Int(load(40 + 2 * $0, as: Int16.self)) }
        let (x, y, z) = (extents[1], extents[2], extents[3])
        guard (3...7).contains(extents[0]), x > 0, y > 0, z > 0, x * y * z <= NIfTIVolume.limit / 8 else {
            throw broken("its dimensions are \(extents)")
        }
        let start = number(108)
        guard start.isFinite, start >= 348, start < Float(NIfTIVolume.limit) else { throw broken("its voxels begin nowhere") }
        let type = load(70, as: Int16.self)
        let sizes: [Int16: Int] = [2: 1, 256: 1, 4: 2, 512: 2, 8: 4, 16: 4, 64: 8]
        guard let voxelSize = sizes[type] else { throw broken("its data type \(type) is not read") }
        let offset = Int(start)
        guard offset + x * y * z * voxelSize <= bytes.count else { throw broken("it ends before its last voxel") }
        let slope = number(112) == 0 || !number(112).isFinite ? 1 : number(112)
        let intercept = number(112) == 0 || !number(116).isFinite ? 0 : number(116)
        values = (0..<x * y * z).map { index in
            let place = offset + index * voxelSize
            let raw: Float = switch type {
            case 2: Float(bytes[place])
            case 256: Float(Int8(bitPattern: bytes[place]))
            case 4: Float(load(place, as: Int16.self))
            case 512: Float(load(place, as: UInt16.self))
            case 8: Float(load(place, as: Int32.self))
            case 16: number(place)
            default: Float(Double(bitPattern: load(place, as: UInt64.self)))
            }
            return raw * slope + intercept
        }
        size = (x, y, z)
    }

    /// A slice as a grey image, head up: `window` is mapped to 0...255 and clipped.
    /// - Parameters:
    ///   - axis: `.axial` shows x across and y up, `.coronal` x across and z up.
    ///   - index: the slice, from 0 on.
    ///   - window: values, not voxel codes; what is no number is shown as 0.
    public func slice(_ axis: Axis, at index: Int, window: ClosedRange<Float>) -> Image {
        precondition((0..<(axis == .axial ? size.z : size.y)).contains(index), "the slice is inside the volume")
        let height = axis == .axial ? size.y : size.z
        var pixels: [UInt8] = []
        pixels.reserveCapacity(size.x * height)
        for row in (0..<height).reversed() {
            for column in 0..<size.x {
                let (y, z) = axis == .axial ? (row, index) : (index, row)
                let value = values[(z * size.y + y) * size.x + column]
                let share = (value - window.lowerBound) / (window.upperBound - window.lowerBound)
                pixels.append(UInt8((max(0, min(1, share.isFinite ? share : 0)) * 255).rounded()))
            }
        }
        return Image(width: size.x, height: height, channels: 1, pixels: pixels)
    }

    /// The direction across which a volume is sliced.
    public enum Axis: Sendable {
        /// Along z.
        case axial
        /// Along y.
        case coronal
    }

    private static func unpacked(_ packed: [UInt8], name: String) throws(ImagingError) -> [UInt8] {
        var stream = z_stream()
        // 15 window bits, and 16 for a gzip header.
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw ImagingError("zlib cannot be started")
        }
        defer { inflateEnd(&stream) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var status = Z_OK
        var input = packed
        input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while status == Z_OK, result.count <= limit {
                buffer.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    status = inflate(&stream, Z_NO_FLUSH)
                }
                result += buffer.prefix(buffer.count - Int(stream.avail_out))
            }
        }
        guard status == Z_STREAM_END else {
            throw ImagingError("'\(name)' is damaged or too large: it cannot be unpacked to its end")
        }
        return result
    }
}
