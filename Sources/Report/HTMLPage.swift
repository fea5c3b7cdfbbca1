import Catalogue
import Foundation
import Sweep
import Wire

/// The report as one self-contained page: tables, curves, provenance.
struct HTMLPage {
    let report: SweepReport

    private var status: SweepStatus { report.status }
    private var table: ResultTable { report.table }

    var text: String {
        let sections = [head, tables, bars, StatisticsSection(report: report).html, ablations, curves, Gallery(report: report).html, data, missing, Provenance(report: report).html].filter { !$0.isEmpty }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(HTML.escaped(status.name)) – medsweep</title><style>\(Self.style)</style></head>
            <body><main>
            \(sections.joined(separator: "\n"))
            </main></body></html>

            """
    }

    // MARK: Sections

    private var head: String {
        let done = report.jobs.filter { $0.result != nil }
        let seconds = done.reduce(0.0) { $0 + ($1.result?.trainingSeconds ?? 0) }
        let submitted = Date(timeIntervalSince1970: status.submitted).formatted(.iso8601)
        var facts = ["\(done.count) of \(report.jobs.count) jobs done", "submitted \(submitted)"]
        if seconds > 0 { facts.append("\(Self.duration(seconds)) of training in all") }
        let remark = done.isEmpty
            ? "<p class=\"warning\">No job has finished yet, so there is nothing to show but what is missing.</p>"
            : done.count < report.jobs.count ? "<p class=\"warning\">Results are incomplete: \(report.jobs.count - done.count) jobs are missing; see below.</p>" : ""
        return "<header><h1>\(HTML.escaped(status.name))</h1><p>\(facts.map(HTML.escaped).joined(separator: " · "))</p>\(remark)</header>"
    }

    private var tables: String {
        guard report.hasResults else { return "" }
        let parts = report.metrics.map { metric -> String in
            let datasets = report.datasets(of: metric)
            let places = datasets.map { table.places(metric, $0) }
            let header = datasets.map { "<th>\(HTML.escaped(Catalogue.title(ofDataset: $0)))</th>" }.joined()
            let rows = table.lines.compactMap { line -> String? in
                let cells = datasets.enumerated().map { index, dataset -> String in
                    let text = HTML.escaped(report.text(table.cell(line, dataset), line, dataset, metric))
                    let kind = ["", " class=\"best\"", " class=\"second\""][places[index][line] ?? 0]
                    return "<td\(kind)>\(text)</td>"
                }
                guard datasets.contains(where: { table.cell(line, $0) != nil }) else { return nil }
                return "<tr><th>\(HTML.escaped(line.title))</th>\(cells.joined())</tr>"
            }
            return """
                <div class="scroll"><table><caption>\(HTML.escaped(Catalogue.title(ofMetric: metric)))</caption>
                <thead><tr><th></th>\(header)</tr></thead><tbody>\(rows.joined())</tbody></table></div>
                """
        }
        let mixture = report.mixture.map { "<p>There are \(HTML.escaped($0)).</p>" } ?? ""
        return "<section><h2>Results</h2><p>In \(report.explanation); the best of a column is bold, the second underlined.</p>\(parts.joined())\(mixture)</section>"
    }

    private var bars: String {
        guard report.hasResults else { return "" }
        var hasStudy = false
        let groups = report.metrics.compactMap { metric -> String? in
            let figures = report.datasets(of: metric).compactMap { dataset -> String? in
                let bars = table.lines.compactMap { line -> BarChart.Bar? in
                    guard let cell = table.cell(line, dataset), let summary = cell.summary(metric) else { return nil }
                    let study = report.published(cell, line, dataset, metric)?.mean
                    if study != nil { hasStudy = true }
                    return BarChart.Bar(
                        name: line.title, mean: summary.mean * 100, deviation: summary.deviation.map { $0 * 100 },
                        published: study)
                }
                let name = Catalogue.title(ofDataset: dataset)
                guard !bars.isEmpty else { return nil }
                let title = "\(Catalogue.title(ofMetric: metric)), \(name)"
                return "<figure>\(BarChart(title: title, bars: bars).svg)<figcaption>\(HTML.escaped(title))</figcaption></figure>"
            }
            return figures.isEmpty ? nil : "<div class=\"charts\">\(figures.joined())</div>"
        }
        let study = hasStudy ? "; a diamond is the study's number" : ""
        return "<section><h2>Comparison</h2><p>Means in percent with one standard deviation over seeds\(study).</p>\(groups.joined(separator: "\n"))</section>"
    }

    private var ablations: String {
        let figures = AblationCurves(report: report).charts.map { chart in
            "<figure>\(chart.svg)<figcaption>\(HTML.escaped(chart.title))</figcaption>\(Chart.legend(chart.names))</figure>"
        }
        guard !figures.isEmpty else { return "" }
        return "<section><h2>Ablations</h2><p>Means over seeds where nothing but one option changes, with a band of one standard deviation to either side.</p><div class=\"charts\">\(figures.joined())</div></section>"
    }

    private var curves: String {
        let all = report.firstJobs
        guard !all.isEmpty else { return "" }
        let charts = table.datasets.compactMap { dataset -> String? in
            let title = Catalogue.title(ofDataset: dataset)
            // One seed stands for a line; means of curves would hide what a run looks like.
            let first = all.filter { $0.dataset == dataset }
            guard !first.isEmpty else { return nil }
            let names = first.map { $0.line.title }
            func lines(_ points: (ScoreCurves) -> [(x: Double, y: Double)]) -> [ChartLine] {
                zip(names, first).map { ChartLine(name: $0, points: report.scores[$1.job.identity].map { points(ScoreCurves($0)) } ?? []) }
            }
            let losses = zip(names, first).map { name, entry in
                ChartLine(name: name, points: (entry.job.result?.losses ?? []).enumerated().map { (Double($0.offset + 1), $0.element) })
            }
            let figures = [
                Chart(
                    title: "ROC curves, \(title)", xTitle: "false positive rate", yTitle: "true positive rate",
                    lines: lines(\.roc), xRange: 0...1, yRange: 0...1, hasDiagonal: true),
                Chart(
                    title: "Precision-recall curves, \(title)", xTitle: "recall", yTitle: "precision",
                    lines: lines(\.precisionRecall), xRange: 0...1, yRange: 0...1),
                Chart(title: "Training loss, \(title)", xTitle: "epoch", yTitle: "training loss", lines: losses, isLogarithmic: true),
            ].map(\.svg).filter { !$0.isEmpty }.map { "<figure>\($0)</figure>" }
            let histograms = zip(names, first).compactMap { name, entry in
                report.scores[entry.job.identity].map { "<figure>\(Self.histogram($0, name: name))<figcaption>\(HTML.escaped(name))</figcaption></figure>" }
            }
            return """
                <h3>\(HTML.escaped(title))</h3>\(Chart.legend(names))<div class="charts">\(figures.joined())</div>
                \(histograms.isEmpty ? "" : "<div class=\"small\">\(histograms.joined())</div>")
                """
        }
        return """
            <section><h2>Curves</h2><p>ROC and precision-recall curves and training losses of one seed, the lowest that most lines of a \
            data set have; below them the scores of normal (<span class="normal">blue, filled</span>) and abnormal (<span class="abnormal">orange, outlined</span>) test images.</p>
            \(charts.joined(separator: "\n"))</section>
            """
    }

    private var data: String {
        let used = Dictionary(report.jobs.map { ($0.job.dataset, $0.job.fingerprint) }) { first, _ in first }
        let items = table.datasets.map { name -> String in
            let about: String
            switch name {
            case "colin27-axial", "colin27-coronal":
                about = "Slices of a real brain MRI (Colin 27 average, one person); the lesions of its abnormal test images are drawn by a seeded synthesis that the folder's <code>synthesis.json</code> records image by image. Good for trying methods out, no evidence about patients."
            case "ihc-patches":
                about = "Patches of a real immunohistochemistry image of colon tissue: stroma is normal, DAB-stained gland is abnormal. Nothing is synthetic."
            default: about = "The study's or your own images."
            }
            return "<dt>\(HTML.escaped(Catalogue.title(ofDataset: name)))</dt><dd>\(about)<br><small>content fingerprint <code>\(HTML.escaped(used[name] ?? ""))</code></small></dd>"
        }
        return items.isEmpty ? "" : "<section><h2>Data</h2><dl>\(items.joined())</dl></section>"
    }

    private var missing: String {
        let lines = report.missing(limit: 50)
        guard !lines.isEmpty else { return "" }
        return "<section><h2>Missing</h2><ul>\(lines.map { "<li>\(HTML.escaped($0))</li>" }.joined())</ul></section>"
    }

    // MARK: Parts

    private static func histogram(_ scores: ImageScores, name: String) -> String {
        let (low, high) = (scores.scores.min() ?? 0, scores.scores.max() ?? 1)
        let bins = 24
        var counts = [[Int]](repeating: Array(repeating: 0, count: bins), count: 2)
        for (label, score) in zip(scores.labels, scores.scores) {
            let bin = high > low ? Int((score - low) / (high - low) * Double(bins)) : 0
            counts[label == 1 ? 1 : 0][min(bins - 1, bin)] += 1
        }
        let most = Double(max(1, counts.flatMap { $0 }.max() ?? 1))
        var bars = ""
        for (label, kind) in ["normal", "abnormal"].enumerated() {
            for bin in 0..<bins where counts[label][bin] > 0 {
                let height = Double(counts[label][bin]) / most * 70
                bars += String(format: "<rect class=\"\(kind)\" x=\"%.1f\" y=\"%.1f\" width=\"6.6\" height=\"%.1f\"/>", Double(bin) * 7 + 1, 76 - height, height)
            }
        }
        return "<svg viewBox=\"0 0 170 92\" role=\"img\"><title>\(HTML.escaped("Scores of \(name)"))</title>\(bars)<line class=\"base\" x1=\"0\" y1=\"76\" x2=\"170\" y2=\"76\"/><text x=\"1\" y=\"88\">\(Chart.label(low))</text><text x=\"169\" y=\"88\" text-anchor=\"end\">\(Chart.label(high))</text></svg>"
    }

    static func duration(_ seconds: Double) -> String {
        seconds < 120 ? String(format: "%.0f s", seconds) : seconds < 7200 ? String(format: "%.0f min", seconds / 60) : String(format: "%.1f h", seconds / 3600)
    }

    private static let style = """
        :root{color-scheme:light dark;--ink:#1b1f24;--soft:#59626c;--line:#d8dde3;--page:#fff;--mark:#f4f6f8}
        @media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa4af;--line:#38404a;--page:#14171b;--mark:#1d2228}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:64rem;margin:0 auto;padding:2rem 1rem 4rem}h1{margin:0;font-size:1.9rem}h2{margin:2.5rem 0 .5rem;font-size:1.3rem}
        h3{margin:1.5rem 0 .5rem;font-size:1.05rem}header p,section>p,small,dd{color:var(--soft)}.warning{color:#b3261e;font-weight:600}
        @media(prefers-color-scheme:dark){.warning{color:#ff8a80}}
        .scroll{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;font-weight:600;padding-bottom:.3rem}
        th,td{padding:.3rem .9rem;text-align:right;white-space:nowrap}thead th{border-bottom:2px solid var(--ink);border-top:2px solid var(--ink);font-weight:600}
        tbody th,table.jobs td,table.jobs th{text-align:left;font-weight:400}tbody tr:last-child>*{border-bottom:2px solid var(--ink)}tbody tr:hover{background:var(--mark)}
        .best{font-weight:700}.second{text-decoration:underline;text-underline-offset:.2em}.jobs{font-size:.85rem}
        .legend{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem}.legend svg{display:inline-block;width:1.75rem;margin-right:.4rem;vertical-align:middle}figure .legend{font-size:.8rem;margin:.2rem 0;justify-content:center}
        .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:1rem}.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.8rem}
        figure{margin:0}figcaption{font-size:.8rem;color:var(--soft);text-align:center}svg{width:100%;height:auto;display:block}svg text{font:10px system-ui,sans-serif;fill:var(--soft)}.small svg text{font-size:12px}
        svg .axis{font-size:11px;fill:var(--ink)}.grid{stroke:var(--line);stroke-width:.7}.base{stroke:var(--soft)}.diagonal{stroke:var(--soft);stroke-dasharray:3 3}
        rect.normal{fill:#0072B2;opacity:.65}rect.abnormal{fill:#D55E00;fill-opacity:.35;stroke:#D55E00;stroke-width:1.2}rect.bar{fill:#56B4E9}.error{fill:none;stroke:var(--ink);stroke-width:1.2}.study{fill:#D55E00;stroke:var(--page);stroke-width:.8}span.normal{color:#0072B2;font-weight:600}span.abnormal{color:#D55E00;font-weight:600}
        @media(prefers-color-scheme:dark){span.normal{color:#56b4e9}}
        dt{font-weight:600;margin-top:.6rem}dd{margin:0}code{font-size:.85em;overflow-wrap:anywhere}.sheet{display:grid;grid-template-columns:minmax(5rem,max-content) minmax(0,max-content);column-gap:.6rem;margin:.5rem 0 1.5rem}.sheet .columns{grid-column:2;display:flex;max-width:100%;font-size:.75rem}.columns span{flex:1;text-align:center;overflow:hidden;text-overflow:ellipsis}
        .sheet ol{list-style:none;margin:0;padding:0;display:flex;flex-direction:column;font-size:.75rem;line-height:1.25;min-height:0}.sheet li{flex:1;min-height:0;overflow:hidden;display:block}.sheet li span{color:var(--soft)}.sheet img{max-width:100%;display:block;align-self:start}summary{cursor:pointer}
        .facts{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}.facts dt{margin:0}.facts dd{overflow-wrap:anywhere}.jobs code{overflow-wrap:normal}
        @media(max-width:40rem){.facts{grid-template-columns:1fr}.facts dt{margin-top:.4rem}}
        @media print{:root{--ink:#000;--soft:#444;--line:#ccc;--page:#fff}details{display:block}details::details-content{content-visibility:visible;display:block}h2{break-after:avoid}figure,table{break-inside:avoid}}
        """
}
