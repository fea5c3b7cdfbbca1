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
        let sections = [head, tables, curves, data, missing, provenance].filter { !$0.isEmpty }
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
            let header = datasets.map { "<th>\(HTML.escaped(SweepReport.title(ofDataset: $0)))</th>" }.joined()
            let rows = table.lines.compactMap { line -> String? in
                let cells = datasets.enumerated().map { index, dataset -> String in
                    let text = HTML.escaped(report.text(table.cell(line, dataset), line, dataset, metric))
                    let kind = ["", " class=\"best\"", " class=\"second\""][places[index][line] ?? 0]
                    return "<td\(kind)>\(text)</td>"
                }
                guard datasets.contains(where: { table.cell(line, $0) != nil }) else { return nil }
                return "<tr><th>\(HTML.escaped(SweepReport.title(of: line)))</th>\(cells.joined())</tr>"
            }
            return """
                <div class="scroll"><table><caption>\(SweepReport.title(ofMetric: metric))</caption>
                <thead><tr><th></th>\(header)</tr></thead><tbody>\(rows.joined())</tbody></table></div>
                """
        }
        return "<section><h2>Results</h2><p>In \(report.explanation); the best of a column is bold, the second underlined.</p>\(parts.joined())</section>"
    }

    private var curves: String {
        let done = report.jobs.filter { $0.result != nil }
        guard !done.isEmpty else { return "" }
        let plain = table.lines
        let names = plain.map(SweepReport.title(of:))
        let charts = table.datasets.map { dataset -> String in
            let title = SweepReport.title(ofDataset: dataset)
            // The first seed stands for a line; means of curves would hide what a run looks like.
            let first = plain.map { line in done.first { Self.belongs($0, line, dataset, table) } }
            let losses = zip(names, first).map { name, job in
                ChartLine(name: name, points: (job?.result?.losses ?? []).enumerated().map { (Double($0.offset + 1), $0.element) })
            }
            let rocs = zip(names, first).map { name, job in
                ChartLine(name: name, points: job.flatMap { report.scores[$0.identity] }.map(Self.rocPoints) ?? [])
            }
            let roc = Chart(
                title: "ROC curves, \(title)", xTitle: "false positive rate", yTitle: "true positive rate", lines: rocs,
                xRange: 0...1, yRange: 0...1, hasDiagonal: true).svg
            let loss = Chart(
                title: "Training loss, \(title)", xTitle: "epoch", yTitle: "training loss", lines: losses, isLogarithmic: true).svg
            let histograms = zip(names, first).compactMap { name, job in
                job.flatMap { report.scores[$0.identity] }.map { "<figure>\(Self.histogram($0, name: name))<figcaption>\(HTML.escaped(name))</figcaption></figure>" }
            }
            return """
                <h3>\(HTML.escaped(title))</h3><div class="charts">\(roc.isEmpty ? "" : "<figure>\(roc)</figure>")\(loss.isEmpty ? "" : "<figure>\(loss)</figure>")</div>
                \(histograms.isEmpty ? "" : "<div class=\"small\">\(histograms.joined())</div>")
                """
        }
        return """
            <section><h2>Curves</h2><p>ROC curves and training losses of each line's first seed; below them the scores of \
            normal (<span class="normal">blue</span>) and abnormal (<span class="abnormal">orange</span>) test images.</p>
            \(Chart.legend(names))\(charts.joined(separator: "\n"))</section>
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
            return "<dt>\(HTML.escaped(SweepReport.title(ofDataset: name)))</dt><dd>\(about)<br><small>content fingerprint <code>\(used[name] ?? "")</code></small></dd>"
        }
        return items.isEmpty ? "" : "<section><h2>Data</h2><dl>\(items.joined())</dl></section>"
    }

    private var missing: String {
        let lines = report.missing(limit: 50)
        guard !lines.isEmpty else { return "" }
        return "<section><h2>Missing</h2><ul>\(lines.map { "<li>\(HTML.escaped($0))</li>" }.joined())</ul></section>"
    }

    private var provenance: String {
        let rows = report.jobs.map { row -> String in
            let result = row.result
            var fields: [String] = [
                Catalogue.method(row.job.method)?.title ?? row.job.method, SweepReport.title(ofDataset: row.job.dataset),
                String(row.job.seed), Self.settings(row.job), row.state.rawValue,
            ]
            if let result {
                fields.append(String(format: "%.1f s", result.wallSeconds))
                fields += ["\(result.peakMemory >> 20) MiB", "\(result.worker), \(result.device)"]
            } else {
                fields += ["", "", ""]
            }
            fields.append(String(row.failedAttempts))
            return "<tr>\(fields.map { "<td>\(HTML.escaped($0))</td>" }.joined())<td><code>\(row.identity.prefix(12))</code></td></tr>"
        }
        let engines = Set(report.jobs.compactMap(\.result?.engine)).sorted().joined(separator: "; ")
        let header = ["method", "data set", "seed", "settings beside the defaults", "state", "wall time", "peak memory", "worker", "failures", "identity"]
        return """
            <section><h2>Provenance</h2><p>Core version \(Catalogue.coreVersion)\(engines.isEmpty ? "" : ", \(HTML.escaped(engines))").</p>
            <details><summary>All \(report.jobs.count) jobs</summary><div class="scroll"><table class="jobs"><thead><tr>\(header.map { "<th>\($0)</th>" }.joined())</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div></details></section>
            """
    }

    // MARK: Parts

    /// Whether a job is of a line on a data set.
    private static func belongs(_ row: JobRow, _ line: ResultTable.Line, _ dataset: String, _ table: ResultTable) -> Bool {
        guard row.job.method == line.method, row.job.dataset == dataset else { return false }
        let wanted = line.variant.split(separator: ", ").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return wanted.allSatisfy { pair in row.job.configuration[pair[0]].map { "\($0)" == pair[1] } ?? false }
    }

    private static func settings(_ job: JobDescription) -> String {
        guard let method = Catalogue.method(job.method) else { return "" }
        let defaults = method.resolve([:], for: Catalogue.dataset(job.dataset) ?? .custom(job.dataset))
        return job.configuration.filter { defaults[$0.key] != $0.value }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    private static func rocPoints(_ scores: ImageScores) -> [(x: Double, y: Double)] {
        let positives = Double(scores.labels.count { $0 == 1 })
        let negatives = Double(scores.labels.count) - positives
        let order = scores.scores.indices.sorted { scores.scores[$0] > scores.scores[$1] }
        var points = [(x: 0.0, y: 0.0)]
        var (hits, alarms) = (0.0, 0.0)
        for (place, index) in order.enumerated() {
            if scores.labels[index] == 1 { hits += 1 } else { alarms += 1 }
            // Equal scores are one step.
            if place + 1 < order.count, scores.scores[order[place + 1]] == scores.scores[index] { continue }
            points.append((alarms / max(1, negatives), hits / max(1, positives)))
        }
        return points
    }

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

    private static func duration(_ seconds: Double) -> String {
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
        .legend{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem}.legend i{display:inline-block;width:1.2rem;height:.25rem;margin:0 .4rem .2rem 0;border-radius:2px}.legend i.dashed{opacity:.55}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1rem}.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.8rem}
        figure{margin:0}figcaption{font-size:.8rem;color:var(--soft);text-align:center}svg{width:100%;height:auto;display:block}svg text{font:10px system-ui,sans-serif;fill:var(--soft)}.small svg text{font-size:12px}
        svg .axis{font-size:11px;fill:var(--ink)}.grid{stroke:var(--line);stroke-width:.7}.base{stroke:var(--soft)}.diagonal{stroke:var(--soft);stroke-dasharray:3 3}
        rect.normal{fill:#0072B2;opacity:.65}rect.abnormal{fill:#D55E00;opacity:.65}span.normal{color:#0072B2;font-weight:600}span.abnormal{color:#D55E00;font-weight:600}
        @media(prefers-color-scheme:dark){span.normal{color:#56b4e9}}
        dt{font-weight:600;margin-top:.6rem}dd{margin:0}code{font-size:.85em;overflow-wrap:anywhere}@media print{details{display:block}h2{break-after:avoid}figure,table{break-inside:avoid}}
        """
}
