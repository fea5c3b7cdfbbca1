import CZlib
import Foundation

/// Packs bytes into a zlib stream, part by part.
struct Deflation: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init() throws(ImagingError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Fast: what is left after the first pass over noise is not worth ten times the time.
        guard deflateInit_(stream, 1, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw ImagingError("zlib cannot be started")
        }
        self.stream = stream
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Appends what `bytes` are packed to.
    mutating func add(_ bytes: [UInt8], to data: inout Data) { pack(bytes, Z_NO_FLUSH, to: &data) }

    /// Ends the stream.
    mutating func finish(to data: inout Data) { pack([], Z_FINISH, to: &data) }

    private mutating func pack(_ bytes: [UInt8], _ mode: Int32, to data: inout Data) {
        bytes.withUnsafeBufferPointer { source in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            stream.pointee.avail_in = UInt32(source.count)
            repeat {
                buffer.withUnsafeMutableBufferPointer { target in
                    stream.pointee.next_out = target.baseAddress
                    stream.pointee.avail_out = UInt32(target.count)
                    deflate(stream, mode)
                }
                data.append(contentsOf: buffer.prefix(buffer.count - Int(stream.pointee.avail_out)))
            } while stream.pointee.avail_out == 0
        }
    }
}

/// Unpacks a zlib stream, part by part, into as much memory as it is given.
struct Inflation: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let bytes: [UInt8]
    private var place: Int
    private var status = Z_OK

    /// The stream of `bytes` from a place on.
    init(_ bytes: [UInt8], from place: Int) throws(ImagingError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw ImagingError("zlib cannot be started")
        }
        self.bytes = bytes
        self.place = place
        self.stream = stream
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Fills `target` with the next bytes; `false` when there are too few, or they are damaged.
    mutating func fill(_ target: inout [UInt8]) -> Bool {
        var filled = 0
        while filled < target.count, status == Z_OK {
            let got = unpack(into: &target, from: filled)
            guard got > 0 || status == Z_OK && place < bytes.count else { break }
            filled += got
        }
        return filled == target.count
    }

    /// Whether the stream ends here, and the bytes with it.
    mutating func isAtEnd() -> Bool {
        var one: [UInt8] = [0]
        // The end may be read already with the last bytes; else it is all that is left.
        if status == Z_OK, unpack(into: &one, from: 0) > 0 { return false }
        return status == Z_STREAM_END && place == bytes.count
    }

    private mutating func unpack(into target: inout [UInt8], from start: Int) -> Int {
        let room = target.count - start
        bytes.withUnsafeBufferPointer { source in
            target.withUnsafeMutableBufferPointer { target in
                let given = min(source.count - place, 1 << 30)
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress! + place)
                stream.pointee.avail_in = UInt32(given)
                stream.pointee.next_out = target.baseAddress! + start
                stream.pointee.avail_out = UInt32(min(room, 1 << 30))
                status = inflate(stream, Z_NO_FLUSH)
                place += given - Int(stream.pointee.avail_in)
            }
        }
        return min(room, 1 << 30) - Int(stream.pointee.avail_out)
    }
}
