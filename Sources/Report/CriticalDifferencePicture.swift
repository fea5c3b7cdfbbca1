import Foundation
import Statistics
import Sweep

/// Demšar's critical-difference picture (2006) as SVG: an axis of average ranks with the best on the left, a line to each name,
/// and bars that join names whose ranks do not differ significantly.
struct CriticalDifferencePicture {
    let title: String
    let ranks: CriticalDifference

    var svg: String {
        let count = ranks.names.count
        guard count > 1 else { return "" }
        let (width, left, right, axis, row) = (640.0, 160.0, 480.0, 46.0, 15.0)
        let names = axis + 16 + 7 * Double(ranks.groups.count)
        let half = (count + 1) / 2
        func x(_ rank: Double) -> Double { left + (rank - 1) / Double(count - 1) * (right - left) }
        func n(_ value: Double) -> String { String(format: "%.1f", value) }
        var parts = ["<svg viewBox=\"0 0 \(Int(width)) \(Int(names + row * Double(half)) + 4)\" role=\"img\"><title>\(HTML.escaped(title))</title>"]

        let (start, end) = (x(1), x(1 + ranks.difference))
        parts.append("<path class=\"error\" d=\"M\(n(start)) 12v6M\(n(start)) 15H\(n(end))M\(n(end)) 12v6\"/>")
        parts.append("<text x=\"\(n((start + end) / 2))\" y=\"9\" text-anchor=\"middle\">\(String(format: "critical difference %.2f", ranks.difference))</text>")

        parts.append("<line class=\"base\" x1=\"\(n(left))\" y1=\"\(n(axis))\" x2=\"\(n(right))\" y2=\"\(n(axis))\"/>")
        for rank in stride(from: 1, through: count, by: (count - 1) / 12 + 1) {
            let place = n(x(Double(rank)))
            parts.append("<line class=\"base\" x1=\"\(place)\" y1=\"\(n(axis - 4))\" x2=\"\(place)\" y2=\"\(n(axis))\"/>")
            parts.append("<text x=\"\(place)\" y=\"\(n(axis - 8))\" text-anchor=\"middle\">\(rank)</text>")
        }
        for (index, group) in ranks.groups.enumerated() {
            let y = n(axis + 9 + 7 * Double(index))
            let (first, last) = (x(ranks.meanRanks[group.lowerBound]), x(ranks.meanRanks[group.upperBound]))
            parts.append("<line class=\"base group\" stroke-width=\"4\" x1=\"\(n(first - 3))\" y1=\"\(y)\" x2=\"\(n(last + 3))\" y2=\"\(y)\"/>")
        }
        for index in ranks.names.indices {
            let isLeft = index < half
            // Outer names stand higher, so that no line crosses another.
            let y = names + row * (Double(isLeft ? index : count - 1 - index) + 0.5)
            let edge = isLeft ? left - 8 : right + 8
            let rank = String(format: "%.2f", ranks.meanRanks[index])
            // About five and a half units a letter.
            let name = ranks.names[index].count > 21 ? ranks.names[index].prefix(20) + "…" : ranks.names[index][...]
            let label = HTML.escaped(isLeft ? "\(name) \(rank)" : "\(rank) \(name)")
            parts.append("<path class=\"error\" d=\"M\(n(x(ranks.meanRanks[index]))) \(n(axis))V\(n(y))H\(n(edge))\"/>")
            parts.append("<text x=\"\(n(isLeft ? edge - 4 : edge + 4))\" y=\"\(n(y + 3.5))\" text-anchor=\"\(isLeft ? "end" : "start")\">\(label)<title>\(HTML.escaped(ranks.names[index]))</title></text>")
        }
        return parts.joined() + "</svg>"
    }
}
