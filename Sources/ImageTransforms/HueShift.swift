/// A turn of the hue by way of Pillow's 8-bit HSV, with Pillow's arithmetic and its mixture of precisions (Convert.c).
///
/// Pixels are worked on in stretches, in steps without branches and without checked conversions, which vectorise.
struct HueShift {
    /// What is added to a hue, modulo 256.
    private let shift: UInt8
    private static let stretch = 256

    init(_ shift: UInt8) { self.shift = shift }

    func apply(
        red: UnsafeMutablePointer<UInt8>, green: UnsafeMutablePointer<UInt8>, blue: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        HueTables.shared.withTables { tables in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * Self.stretch) { bytes in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * Self.stretch) { floats in
                    let (hues, saturations) = (bytes.baseAddress!, bytes.baseAddress! + Self.stretch)
                    let values = floats.baseAddress!
                    for start in stride(from: 0, to: count, by: Self.stretch) {
                        let length = min(Self.stretch, count - start)
                        let (r, g, b) = (red + start, green + start, blue + start)
                        Self.convert(r, g, b, count: length, hues: hues, saturations: saturations)
                        for index in 0..<length {
                            let hue = Int(hues[index] &+ shift)
                            values[index] = tables.sector[hue]
                            values[Self.stretch + index] = tables.fraction[hue]
                            values[2 * Self.stretch + index] = tables.share[Int(saturations[index])]
                        }
                        Self.revert(
                            r, g, b, count: length, sectors: values, fractions: values + Self.stretch,
                            shares: values + 2 * Self.stretch)
                    }
                }
            }
        }
    }

    /// rgb2hsv, but for the value, which is the largest of the three anyway.
    private static func convert(
        _ red: UnsafePointer<UInt8>, _ green: UnsafePointer<UInt8>, _ blue: UnsafePointer<UInt8>, count: Int,
        hues: UnsafeMutablePointer<UInt8>, saturations: UnsafeMutablePointer<UInt8>
    ) {
        for index in 0..<count {
            let (r, g, b) = (Float(red[index]), Float(green[index]), Float(blue[index]))
            let highest = larger(r, larger(g, b))
            let lowest = smaller(r, smaller(g, b))
            // A grey pixel is divided by 1 and comes out with a saturation of 0, whose hue does not matter.
            let range = larger(highest - lowest, 1)
            let isRed = r == highest
            let isGreen = g == highest
            let ahead = isRed ? b : isGreen ? r : g
            let behind = isRed ? g : isGreen ? b : r
            let base: Double = isRed ? 0 : isGreen ? 2 : 4
            let hue = Float(base + Double((highest - ahead) / range) - Double((highest - behind) / range))
            let turned = Double(hue) / 6.0 + 1.0
            let share = Float(turned >= 1 ? turned - 1 : turned)
            hues[index] = Truncation.byte(Double(share) * 255.0)
            saturations[index] = Truncation.byte(Double((highest - lowest) / larger(highest, 1)) * 255.0)
        }
    }

    /// hsv2rgb; the value is the largest of the three that are there already.
    private static func revert(
        _ red: UnsafeMutablePointer<UInt8>, _ green: UnsafeMutablePointer<UInt8>, _ blue: UnsafeMutablePointer<UInt8>, count: Int,
        sectors: UnsafePointer<Float>, fractions: UnsafePointer<Float>, shares: UnsafePointer<Float>
    ) {
        for index in 0..<count {
            let value = larger(Float(red[index]), larger(Float(green[index]), Float(blue[index])))
            let (sector, f, fs, v) = (sectors[index], fractions[index], shares[index], Double(value))
            // C's `round` and this one differ in halves only, which none of the 256³ products is.
            let p = Float(Truncation.nearest(v * (1.0 - Double(fs))))
            let q = Float(Truncation.nearest(v * (1.0 - Double(fs * f))))
            let t = Float(Truncation.nearest(v * (1.0 - Double(fs) * (1.0 - Double(f)))))
            let newRed = sector == 0 || sector == 5 ? value : sector == 1 ? q : sector == 4 ? t : p
            let newGreen = sector == 1 || sector == 2 ? value : sector == 0 ? t : sector == 3 ? q : p
            let newBlue = sector == 3 || sector == 4 ? value : sector == 2 ? t : sector == 5 ? q : p
            red[index] = Truncation.byte(ofWhole: newRed)
            green[index] = Truncation.byte(ofWhole: newGreen)
            blue[index] = Truncation.byte(ofWhole: newBlue)
        }
    }

    @inline(__always) private static func larger(_ a: Float, _ b: Float) -> Float { a > b ? a : b }
    @inline(__always) private static func smaller(_ a: Float, _ b: Float) -> Float { a < b ? a : b }
}

/// What a hue and a saturation give by themselves in hsv2rgb.
private struct HueTables: Sendable {
    static let shared = HueTables()

    /// Which sixth of the circle a hue lies in, 0...5.
    private var sector: [Float] = []
    /// How far into that sixth, 0..<1.
    private var fraction: [Float] = []
    /// A saturation as a share of 255.
    private var share: [Float] = []

    private init() {
        for value in 0..<256 {
            let sixths = Double(value) * 6.0 / 255.0
            let whole = sixths.rounded(.down)
            sector.append(whole == 6 ? 0 : Float(whole))
            fraction.append(Float(sixths - whole))
            share.append(Float(Double(value) / 255.0))
        }
    }

    /// The tables as plain memory.
    struct View {
        let sector: UnsafePointer<Float>
        let fraction: UnsafePointer<Float>
        let share: UnsafePointer<Float>
    }

    func withTables(_ body: (View) -> Void) {
        sector.withUnsafeBufferPointer { sector in
            fraction.withUnsafeBufferPointer { fraction in
                share.withUnsafeBufferPointer { share in
                    body(View(sector: sector.baseAddress!, fraction: fraction.baseAddress!, share: share.baseAddress!))
                }
            }
        }
    }
}
