import Foundation

/// An SVG chart of horizontal bars over shares in percent, with error bars of one standard deviation and, as a diamond,
/// the study's number.
struct BarChart {
    struct Bar {
        let name: String
        /// Percent.
        let mean: Double
        let deviation: Double?
        let published: Double?
    }

    let title: String
    let bars: [Bar]

    var svg: String {
        guard !bars.isEmpty else { return "" }
        let (row, top, width, right) = (18.0, 6.0, 340.0, 42.0)
        // About five and a half units a letter.
        let left = min(150, Double(bars.map(\.name.count).max() ?? 0) * 5.4 + 12)
        let letters = Int((left - 12) / 5.4)
        let bottom = top + row * Double(bars.count)
        func x(_ value: Double) -> Double { left + max(0, min(100, value)) / 100 * (width - left - right) }
        func n(_ value: Double) -> String { String(format: "%.1f", value) }
        var parts = ["<svg viewBox=\"0 0 \(Int(width)) \(Int(bottom) + 20)\" role=\"img\"><title>\(HTML.escaped(title))</title>"]
        for tick in [0.0, 25, 50, 75, 100] {
            parts.append("<line class=\"grid\" x1=\"\(n(x(tick)))\" y1=\"\(n(top))\" x2=\"\(n(x(tick)))\" y2=\"\(n(bottom))\"/>")
            parts.append("<text x=\"\(n(x(tick)))\" y=\"\(n(bottom + 13))\" text-anchor=\"middle\">\(Int(tick))</text>")
        }
        for (index, bar) in bars.enumerated() {
            let middle = top + row * (Double(index) + 0.5)
            let name = bar.name.count > letters ? bar.name.prefix(max(1, letters - 1)) + "…" : bar.name[...]
            parts.append("<text x=\"\(n(left - 5))\" y=\"\(n(middle + 3.5))\" text-anchor=\"end\">\(HTML.escaped(String(name)))<title>\(HTML.escaped(bar.name))</title></text>")
            parts.append("<rect class=\"bar\" x=\"\(n(left))\" y=\"\(n(middle - 5.5))\" width=\"\(n(x(bar.mean) - left))\" height=\"11\"/>")
            if let deviation = bar.deviation {
                let (low, high) = (x(bar.mean - deviation), x(bar.mean + deviation))
                parts.append("<path class=\"error\" d=\"M\(n(low)) \(n(middle))H\(n(high))M\(n(low)) \(n(middle - 3.5))v7M\(n(high)) \(n(middle - 3.5))v7\"/>")
            }
            if let published = bar.published {
                parts.append("<path class=\"study\" d=\"M\(n(x(published))) \(n(middle - 5))l4 5l-4 5l-4 -5z\"/>")
            }
            parts.append("<text x=\"\(n(width - 2))\" y=\"\(n(middle + 3.5))\" text-anchor=\"end\">\(n(bar.mean))</text>")
        }
        return parts.joined() + "</svg>"
    }
}
