import Catalogue
import Foundation
import Statistics
import Sweep
import Wire

/// How sure differences between lines are: within each data set over its test images, then over data sets.
struct StatisticsSection {
    /// The most lines of a data set, and of any table of pairs.
    static let lineLimit = 12
    /// The most lines that are ranked over data sets.
    static let rankLimit = 40
    private static let alpha = 0.05

    let report: SweepReport

    private var table: ResultTable { report.table }

    private struct Entry {
        let name: String
        let job: JobRow
        let scores: ImageScores
    }

    var html: String {
        guard report.hasResults else { return "" }
        return "<section><h2>Statistics</h2>\(withinDatasets)\(["auc", "ap"].map(overDatasets).joined(separator: "\n"))</section>"
    }

    // MARK: Within a data set

    private var withinDatasets: String {
        var scarce: [String] = []
        let first = Dictionary(grouping: report.firstJobs, by: \.dataset)
        let parts = table.datasets.compactMap { dataset -> String? in
            let entries = first[dataset, default: []].compactMap { entry in
                report.scores[entry.job.identity].map {
                    Entry(name: entry.line.title, job: entry.job, scores: $0)
                }
            }
            guard entries.count > 1 else {
                scarce.append(Catalogue.title(ofDataset: dataset))
                return nil
            }
            return section(of: dataset, entries)
        }
        let remark = scarce.isEmpty
            ? "" : "<p>Too little for a comparison, since fewer than two lines have a finished job and its scores: \(Self.list(scarce)).</p>"
        guard !parts.isEmpty else { return remark }
        return """
            <p>Of one seed, the lowest that most lines of a data set have finished: percentile bootstrap intervals (95 %, 1000 resamples of test \
            images within each class), and DeLong's test of the difference of two AUCs on the same test images, p values adjusted by Holm within \
            a data set, those below 0.05 bold. Both speak of the choice of test images, not of seeds. A dash stands where there is nothing to \
            test: another seed, other test images, fewer than two of a class, or a difference that does not vary.</p>\(parts.joined(separator: "\n"))\(remark)
            """
    }

    private func section(of dataset: String, _ all: [Entry]) -> String {
        // The tables' order and not the best: choosing by the result would make p values too small.
        let entries = Array(all.prefix(Self.lineLimit))
        let rows = entries.enumerated().map { index, entry -> String in
            let bootstrap = Bootstrap(entry.scores.scores, labels: entry.scores.labels)
            let metrics = entry.job.result?.metrics ?? [:]
            let cells = [("auc", bootstrap?.auc), ("ap", bootstrap?.ap)].map { metric, interval in
                "<td>\(metrics[metric].map(report.percent) ?? "–")</td><td>\(interval.map { "\(report.percent($0.lowerBound)) to \(report.percent($0.upperBound))" } ?? "–")</td>"
            }
            return "<tr><th>\(index + 1). \(HTML.escaped(entry.name))</th><td>\(entry.job.job.seed)</td>\(cells.joined())</tr>"
        }
        let title = HTML.escaped(Catalogue.title(ofDataset: dataset))
        let pairs = Self.matrix(
            "DeLong's test of AUCs, p adjusted by Holm, \(title)", names: entries.map(\.name),
            Self.adjusted(entries.count) { Self.deLong(entries[$0], entries[$1]) })
        return """
            <h3>\(title)</h3><div class="scroll"><table><caption>95 % bootstrap intervals in percent, \(title)</caption>
            <thead><tr><th></th><th>seed</th><th>AUC</th><th>interval</th><th>AP</th><th>interval</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
            \(pairs)\(Self.leftOut(all.map(\.name), limit: Self.lineLimit))
            """
    }

    /// `nil` unless both jobs have one seed and scored the same images with the same labels in the same order.
    private static func deLong(_ first: Entry, _ second: Entry) -> Double? {
        let (one, other) = (first.scores, second.scores)
        guard first.job.job.seed == second.job.job.seed, one.names == other.names, one.labels == other.labels,
            one.names.count == one.scores.count
        else { return nil }
        return DeLong(one.scores, other.scores, labels: one.labels)?.pValue
    }

    // MARK: Over data sets

    private func overDatasets(_ metric: String) -> String {
        let title = Catalogue.title(ofMetric: metric)
        func isComplete(_ line: ResultTable.Line, _ dataset: String) -> Bool {
            table.cell(line, dataset).map { $0.isComplete(metric) && $0.summary(metric)?.mean.isFinite == true } ?? false
        }
        let datasets = table.datasets.filter { dataset in table.lines.count { isComplete($0, dataset) } > 1 }
        let complete = table.lines.filter { line in datasets.allSatisfy { isComplete(line, $0) } }
        let heading = "<h3>\(title) over data sets</h3>"
        guard datasets.count > 2 else {
            return "\(heading)<p>Too little for a test over data sets: it takes three on which at least two lines are complete, and there \(datasets.count == 1 ? "is 1" : "are \(datasets.count)").</p>"
        }
        guard complete.count > 1 else {
            return "\(heading)<p>Too little for a test over data sets: it takes two lines that are complete on all \(datasets.count) data sets, and there \(complete.count == 1 ? "is 1" : "are none").</p>"
        }
        let lines = Array(complete.prefix(Self.rankLimit))
        let names = lines.map(\.title)
        let paired = datasets.map { dataset in (dataset, pairs: PairedSeeds(lines.compactMap { table.cell($0, dataset) }, metric: metric)) }
        let common = paired.compactMap { dataset, pairs in pairs.map { (dataset: dataset, pairs: $0) } }
        let apart = paired.filter { $0.pairs == nil }.map { Catalogue.title(ofDataset: $0.0) }
        let apartRemark = apart.isEmpty ? "" : "<p>Left out, since the lines have no seed in common there: \(Self.list(apart)).</p>"
        guard common.count > 2 else {
            return "\(heading)<p>Too little for a test over data sets: lines are compared on the seeds that all of them have, and there \(common.count == 1 ? "is 1 data set" : "are \(common.count) data sets") with such a seed, where it takes three.</p>\(apartRemark)"
        }
        let values = common.map(\.pairs.means)
        guard let friedman = Friedman(values), let nemenyi = Nemenyi(friedman, alpha: Self.alpha),
            let ranks = CriticalDifference(names: names, friedman, nemenyi)
        else { return "\(heading)<p>There is nothing to test: all lines are equal on every data set.</p>" }

        let picture = CriticalDifferencePicture(title: "Average ranks by \(title) with the critical difference", ranks: ranks)
        let rows = zip(ranks.names, ranks.meanRanks).map { "<tr><th>\(HTML.escaped($0))</th><td>\(String(format: "%.2f", $1))</td></tr>" }
        let verdict = friedman.pValue < Self.alpha
            ? "Lines differ; two of them do where their average ranks are further apart than the critical difference"
            : "No difference between lines is shown, so that the picture describes these data sets and proves nothing; the critical difference is"
        let unfit = table.lines.filter { !complete.contains($0) }.map(\.title)
        let unfitRemark = unfit.isEmpty ? "" : "<p>Not complete on all of these data sets, so left out: \(Self.list(unfit)).</p>"
        return """
            \(heading)<p>Lines ranked by their mean on each of \(common.count) data sets over the seeds that all of them have \
            (\(Self.seeds(common))), 1 the best. Friedman's test: χ² = \(String(format: "%.2f", friedman.chiSquare)) with \(lines.count - 1) degrees of freedom, \(Self.equation(friedman.pValue)). \
            \(verdict) \(String(format: "%.2f", nemenyi.criticalDifference)) (Nemenyi, α = 0.05). A bar joins lines that do not differ significantly.</p>
            <div class="scroll"><figure style="min-width:34rem">\(picture.svg)<figcaption>\(title), average ranks</figcaption></figure></div>
            <div class="scroll"><table><caption>Average ranks by \(title)</caption><thead><tr><th></th><th>average rank</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
            \(unfitRemark)\(apartRemark)\(Self.leftOut(complete.map(\.title), limit: Self.rankLimit))\(wilcoxon(title, names, values))
            """
    }

    /// - Parameter values: one row a data set, in the order of `names`.
    private func wilcoxon(_ title: String, _ names: [String], _ values: [[Double]]) -> String {
        guard values.count > 4 else {
            return "<p>Too little for Wilcoxon's signed-rank test: it takes five data sets, and there are \(values.count).</p>"
        }
        let shown = Array(names.prefix(Self.lineLimit))
        let pValues = Self.adjusted(shown.count) { first, second in
            WilcoxonSignedRank(values.map { $0[first] }, values.map { $0[second] })?.pValue
        }
        // All differences of one sign are the most extreme that n pairs can be.
        let least = pow(2, 1 - Double(values.count))
        return """
            <p>Wilcoxon's signed-rank test of two lines over data sets, p values adjusted by Holm, those below 0.05 bold; a dash where two lines \
            are equal on every data set. With \(values.count) data sets no p value is below \(Self.number(least)) before it is adjusted.</p>
            \(Self.matrix("Wilcoxon's test of \(title), p adjusted by Holm", names: shown, pValues))\(Self.leftOut(names, limit: Self.lineLimit))
            """
    }

    // MARK: Parts

    /// `BrainTumor: 0–2; LAG: 0, 1`
    private static func seeds(_ paired: [(dataset: String, pairs: PairedSeeds)]) -> String {
        paired.map { "\(HTML.escaped(Catalogue.title(ofDataset: $0.dataset))): \(PairedSeeds.text($0.pairs.seeds))" }.joined(separator: "; ")
    }

    /// Every pair's p value, adjusted by Holm over the pairs that have one; the place of a pair is [higher][lower].
    private static func adjusted(_ count: Int, _ pValue: (Int, Int) -> Double?) -> [[Double?]] {
        var places: [(row: Int, column: Int)] = []
        var found: [Double] = []
        for row in 0..<count {
            for column in 0..<row {
                guard let value = pValue(column, row), value.isFinite else { continue }
                places.append((row, column))
                found.append(value)
            }
        }
        var result = (0..<count).map { [Double?](repeating: nil, count: $0) }
        for (place, value) in zip(places, Holm.adjust(found) ?? []) { result[place.row][place.column] = value }
        return result
    }

    /// The lower triangle of p values; columns are named by the numbers of the rows.
    private static func matrix(_ caption: String, names: [String], _ pValues: [[Double?]]) -> String {
        let header = names.indices.dropLast().map { "<th>\($0 + 1)</th>" }.joined()
        let rows = zip(names, pValues).enumerated().map { index, row -> String in
            let cells = row.1.map { value in
                value.map { "<td\($0 < alpha ? " class=\"best\"" : "")>\(number($0))</td>" } ?? "<td>–</td>"
            }
            return "<tr><th>\(index + 1). \(HTML.escaped(row.0))</th>\(cells.joined())\(String(repeating: "<td></td>", count: names.count - 1 - index))</tr>"
        }
        return "<div class=\"scroll\"><table><caption>\(caption)</caption><thead><tr><th></th>\(header)</tr></thead><tbody>\(rows.joined())</tbody></table></div>"
    }

    private static func leftOut(_ names: [String], limit: Int) -> String {
        guard names.count > limit else { return "" }
        return "<p>The first \(limit) of \(names.count) lines in the order of the tables; left out: \(list(Array(names.dropFirst(limit)))).</p>"
    }

    /// Escaped, at most ``lineLimit`` names, then a count.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(lineLimit).map(HTML.escaped).joined(separator: ", ")
        return names.count > lineLimit ? "\(shown) and \(names.count - lineLimit) more" : shown
    }

    private static func number(_ pValue: Double) -> String { pValue < 0.001 ? "&lt; 0.001" : String(format: "%.3f", pValue) }

    private static func equation(_ pValue: Double) -> String { pValue < 0.001 ? "p &lt; 0.001" : "p = \(number(pValue))" }
}
