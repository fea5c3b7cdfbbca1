/// What Pillow's hsv2rgb computes of a hue and a saturation alone.
struct HueTables: Sendable {
    static let shared = HueTables()

    /// Which sixth of the circle a hue lies in.
    private var sector: [UInt8] = []
    /// How far into that sixth, 0..<1.
    private var fraction: [Float] = []
    /// A saturation as a share of 255.
    private var share: [Float] = []

    private init() {
        for value in 0..<256 {
            let sixths = Double(Float(value)) * 6.0 / 255.0
            let whole = sixths.rounded(.down)
            sector.append(UInt8(whole) % 6)
            fraction.append(Float(sixths - Double(Float(whole))))
            share.append(Float(Double(Float(value)) / 255.0))
        }
    }

    /// The tables as plain memory.
    struct View {
        let sector: UnsafePointer<UInt8>
        let fraction: UnsafePointer<Float>
        let share: UnsafePointer<Float>

        /// hsv2rgb of a saturation above 0.
        @inline(__always) func color(hue: UInt8, saturation: UInt8, value: UInt8) -> (UInt8, UInt8, UInt8) {
            let (f, fs, v) = (fraction[Int(hue)], share[Int(saturation)], Double(value))
            // None is negative or above 255, so that cutting off after adding a half rounds as C's `round` does.
            @inline(__always) func level(_ number: Double) -> UInt8 { UInt8(truncatingIfNeeded: Int32(number + 0.5)) }
            let p = level(v * (1.0 - Double(fs)))
            let q = level(v * (1.0 - Double(fs * f)))
            let t = level(v * (1.0 - Double(fs) * (1.0 - Double(f))))
            switch sector[Int(hue)] {
            case 0: return (value, t, p)
            case 1: return (q, value, p)
            case 2: return (p, value, t)
            case 3: return (p, q, value)
            case 4: return (t, p, value)
            default: return (value, p, q)
            }
        }
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
