/// The EXIF orientation of an image file: 1 as stored, 2...8 mirrored or turned.
public enum ExifOrientation {
    /// The orientation in a PNG or JPEG file's bytes; 1 where there is none, or none that makes sense.
    public static func find(in bytes: [UInt8]) -> Int {
        let block = bytes.starts(with: [0xFF, 0xD8]) ? jpegBlock(bytes) : pngBlock(bytes)
        guard let block, let value = orientation(in: block), (1...8).contains(value) else { return 1 }
        return value
    }

    /// The EXIF block of a JPEG file: in an application segment before the first scan.
    private static func jpegBlock(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var place = 2
        while place + 4 <= bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            // Fill bytes may stand before a marker.
            if marker == 0xFF {
                place += 1
                continue
            }
            // The scan's or the file's end: what follows is no header.
            if marker == 0xDA || marker == 0xD9 { return nil }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            guard length >= 2, place + 2 + length <= bytes.count else { return nil }
            let segment = bytes[place + 4..<place + 2 + length]
            if marker == 0xE1, segment.starts(with: Array("Exif\0\0".utf8)) { return segment.dropFirst(6) }
            place += 2 + length
        }
        return nil
    }

    /// The EXIF block of a PNG file: its chunk `eXIf`.
    private static func pngBlock(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var place = 8
        while place + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
            guard length <= bytes.count - place - 12 else { return nil }
            let kind = bytes[place + 4..<place + 8]
            if kind.elementsEqual("eXIf".utf8) { return bytes[place + 8..<place + 8 + length] }
            place += 12 + length
        }
        return nil
    }

    /// The value of tag 0x0112 in the first directory of a TIFF block.
    private static func orientation(in block: ArraySlice<UInt8>) -> Int? {
        let block = Array(block)
        let isLittle = block.starts(with: [0x49, 0x49, 0x2A, 0])
        guard isLittle || block.starts(with: [0x4D, 0x4D, 0, 0x2A]) else { return nil }
        func number(at place: Int, size: Int) -> Int? {
            guard place >= 0, place + size <= block.count else { return nil }
            let bytes = block[place..<place + size]
            return (isLittle ? Array(bytes.reversed()) : Array(bytes)).reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(at: 4, size: 4), let count = number(at: directory, size: 2) else { return nil }
        for index in 0..<count {
            let entry = directory + 2 + 12 * index
            guard let tag = number(at: entry, size: 2) else { return nil }
            guard tag == 0x0112 else { continue }
            // A byte, a short or a long, at the beginning of the value's field.
            guard let type = number(at: entry + 2, size: 2), let size = [1: 1, 3: 2, 4: 4][type] else { return nil }
            return number(at: entry + 8, size: size)
        }
        return nil
    }
}

extension Image {
    /// The image turned upright by an EXIF orientation, as Pillow's `ImageOps.exif_transpose` does.
    func turned(byExif orientation: Int) -> Image {
        guard (2...8).contains(orientation) else { return self }
        let isTransposed = orientation >= 5
        let (newWidth, newHeight) = isTransposed ? (height, width) : (width, height)
        let (right, bottom) = (width - 1, height - 1)
        let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
            var place = 0
            for y in 0..<newHeight {
                for x in 0..<newWidth {
                    let (column, row) = switch orientation {
                    case 2: (right - x, y)
                    case 3: (right - x, bottom - y)
                    case 4: (x, bottom - y)
                    case 5: (y, x)
                    case 6: (y, bottom - x)
                    case 7: (right - y, bottom - x)
                    default: (right - y, x)
                    }
                    for channel in 0..<channels {
                        target[place] = pixels[(row * width + column) * channels + channel]
                        place += 1
                    }
                }
            }
            count = place
        }
        return Image(width: newWidth, height: newHeight, channels: channels, pixels: turned)
    }
}
