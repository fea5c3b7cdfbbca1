import Foundation

/// A line drawn in a chart.
struct ChartLine {
    let name: String
    let points: [(x: Double, y: Double)]
    /// Half the height of a band around each point, such as a standard deviation.
    var band: [Double]?
}

/// An SVG chart of lines over two axes, drawn in the page's colours.
struct Chart {
    let title: String
    let xTitle: String
    let yTitle: String
    let lines: [ChartLine]
    var xRange: ClosedRange<Double>?
    var yRange: ClosedRange<Double>?
    /// A dashed diagonal, for ROC curves.
    var hasDiagonal = false
    /// Whether the vertical axis is logarithmic.
    var isLogarithmic = false
    /// Whether the horizontal axis is logarithmic.
    var hasLogarithmicX = false
    /// Whether points are marked.
    var hasMarkers = false

    /// Okabe and Ito's colours, told apart by colour-blind people.
    static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]

    /// Dashes tell lines apart without colour, and where colours repeat.
    static let dashes = ["", "7 3", "2 2", "8 3 2 3"]

    private let width = 340.0
    private let height = 240.0
    private let left = 54.0
    private let right = 10.0
    private let top = 12.0
    private let bottom = 40.0

    var svg: String {
        let points = lines.flatMap(\.points).filter { !isLogarithmic || $0.y > 0 }
        guard !points.isEmpty else { return "" }
        let scale: (Double) -> Double = { isLogarithmic ? log10($0) : $0 }
        let scaleX: (Double) -> Double = { hasLogarithmicX ? log10($0) : $0 }
        let xs = xRange ?? Chart.range(points.map { scaleX($0.x) })
        let bands = lines.flatMap { line in zip(line.points, line.band ?? []).flatMap { [$0.y - $1, $0.y + $1] } }
        let ys = yRange ?? Chart.range(points.map { scale($0.y) } + bands)
        func x(_ value: Double) -> Double {
            left + (value - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * (width - left - right)
        }
        func y(_ value: Double) -> Double {
            height - bottom - (value - ys.lowerBound) / (ys.upperBound - ys.lowerBound) * (height - top - bottom)
        }
        var parts = [
            "<svg viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\"><title>\(HTML.escaped(title))</title>"
        ]
        for tick in hasLogarithmicX ? Chart.logarithmicTicks(xs) : Chart.ticks(xs) {
            parts.append("<line class=\"grid\" x1=\"\(n(x(tick)))\" y1=\"\(n(top))\" x2=\"\(n(x(tick)))\" y2=\"\(n(height - bottom))\"/>")
            parts.append("<text x=\"\(n(x(tick)))\" y=\"\(n(height - bottom + 14))\" text-anchor=\"middle\">\(Chart.label(hasLogarithmicX ? pow(10, tick) : tick))</text>")
        }
        for tick in isLogarithmic ? Chart.logarithmicTicks(ys) : Chart.ticks(ys) {
            parts.append("<line class=\"grid\" x1=\"\(n(left))\" y1=\"\(n(y(tick)))\" x2=\"\(n(width - right))\" y2=\"\(n(y(tick)))\"/>")
            let label = isLogarithmic ? Chart.label(pow(10, tick)) : Chart.label(tick)
            parts.append("<text x=\"\(n(left - 5))\" y=\"\(n(y(tick) + 3.5))\" text-anchor=\"end\">\(label)</text>")
        }
        if hasDiagonal {
            parts.append("<line class=\"diagonal\" x1=\"\(n(x(0)))\" y1=\"\(n(y(0)))\" x2=\"\(n(x(1)))\" y2=\"\(n(y(1)))\"/>")
        }
        for (index, line) in lines.enumerated() {
            if let band = line.band {
                let edge = zip(line.points, band).map { ($0.x, $0.y + $1) } + zip(line.points, band).map { ($0.x, $0.y - $1) }.reversed()
                let outline = edge.map { "\(n(x(scaleX($0)))),\(n(y($1)))" }.joined(separator: " ")
                parts.append("<polygon fill=\"\(Chart.color(index))\" fill-opacity=\"0.16\" points=\"\(outline)\"/>")
            }
            let path = line.points.filter { !isLogarithmic || $0.y > 0 }.map { "\(n(x(scaleX($0.x)))),\(n(y(scale($0.y))))" }.joined(separator: " ")
            let dash = Chart.dash(index)
            parts.append("<polyline fill=\"none\" stroke=\"\(Chart.color(index))\" stroke-width=\"1.8\"\(dash) points=\"\(path)\"><title>\(HTML.escaped(line.name))</title></polyline>")
            if hasMarkers {
                parts += line.points.map { "<circle fill=\"\(Chart.color(index))\" cx=\"\(n(x(scaleX($0.x))))\" cy=\"\(n(y(scale($0.y))))\" r=\"2.6\"/>" }
            }
        }
        parts.append("<text class=\"axis\" x=\"\(n((left + width - right) / 2))\" y=\"\(n(height - 8))\" text-anchor=\"middle\">\(HTML.escaped(xTitle))</text>")
        parts.append("<text class=\"axis\" transform=\"translate(12 \(n((top + height - bottom) / 2))) rotate(-90)\" text-anchor=\"middle\">\(HTML.escaped(yTitle))</text>")
        return parts.joined() + "</svg>"
    }

    static func color(_ index: Int) -> String { colors[index % colors.count] }

    private static func dash(_ index: Int) -> String {
        // Colours and dashes together repeat after 24 lines.
        let dash = dashes[(index + index / 12) % dashes.count]
        return dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""
    }

    /// The names with their colours, as HTML.
    static func legend(_ names: [String]) -> String {
        let items = names.enumerated().map { index, name in
            "<span><svg viewBox=\"0 0 28 6\"><path d=\"M0 3H28\" fill=\"none\" stroke-width=\"2.4\" stroke=\"\(color(index))\"\(dash(index))/></svg>\(HTML.escaped(name))</span>"
        }
        return "<p class=\"legend\">\(items.joined())</p>"
    }

    private func n(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func range(_ values: [Double]) -> ClosedRange<Double> {
        let (low, high) = (values.min()!, values.max()!)
        return low == high ? low - 0.5...high + 0.5 : low...high
    }

    /// Round numbers that divide a range into about four.
    static func ticks(_ range: ClosedRange<Double>) -> [Double] {
        let raw = (range.upperBound - range.lowerBound) / 4
        let power = pow(10, floor(log10(raw)))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= raw * 0.99 } ?? raw
        let first = (range.lowerBound / step).rounded(.up)
        return stride(from: first, through: range.upperBound / step + 1e-9, by: 1).map { $0 * step }
    }

    /// The logarithms of 1, 2 and 5 times the powers of ten in a range of logarithms.
    static func logarithmicTicks(_ range: ClosedRange<Double>) -> [Double] {
        let powers = Int(floor(range.lowerBound))...Int(ceil(range.upperBound))
        return powers.flatMap { power in [1.0, 2, 5].map { log10($0) + Double(power) } }.filter(range.contains)
    }

    /// Three significant digits.
    static func label(_ value: Double) -> String {
        abs(value) < 1e-12 ? "0" : String(format: "%.3g", value)
    }
}
