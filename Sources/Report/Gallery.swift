import Catalogue
import Foundation

/// The contents of a job's files ``JobFile/examples`` and ``JobFile/exampleRows``.
public struct ExampleSheet: Sendable {
    /// A PNG image of equally large rows.
    let image: Data
    let description: ExampleRows

    /// - Parameters:
    ///   - image: ``JobFile/examples``.
    ///   - description: ``JobFile/exampleRows``.
    /// - Throws: `DecodingError` when the description is none.
    public init(image: Data, description: Data) throws {
        self.image = image
        self.description = try JSONDecoder().decode(ExampleRows.self, from: description)
    }
}

/// The images with the highest and the lowest scores, of one job a cell, within a bound of bytes.
struct Gallery {
    let report: SweepReport

    /// Bytes of PNG files: 40 MB of text in the page, where three bytes are four letters.
    static let limit = 30_000_000

    var html: String {
        var left: [String] = [], figures: [String] = []
        var room = Self.limit
        for (line, dataset, job) in report.firstJobs {
            let title = "\(line.title), \(Catalogue.title(ofDataset: dataset))"
            guard let sheet = report.examples[job.identity] else {
                if job.result?.artefacts.contains(where: { $0.name == JobFile.examples }) == true { left.append(title) }
                continue
            }
            guard sheet.image.count <= room else {
                left.append(title)
                continue
            }
            room -= sheet.image.count
            figures.append(figure(sheet, title: "\(title), seed \(job.job.seed)"))
        }
        guard !figures.isEmpty || !left.isEmpty else { return "" }
        let remark = left.isEmpty ? "" : "<p>Left out to keep the page below 40 MB of images: \(HTML.escaped(left.joined(separator: "; "))).</p>"
        return """
            <section><h2>Images</h2><p>Test images with the highest and the lowest scores of either class, of one seed, the lowest that most lines of \
            a data set have. Maps are stretched each over its own range.</p>\(remark)\(figures.joined(separator: "\n"))</section>
            """
    }

    private func figure(_ sheet: ExampleSheet, title: String) -> String {
        let columns = sheet.description.columns.map { "<span>\(HTML.escaped($0))</span>" }.joined()
        let rows = sheet.description.rows.map { row in
            let kind = row.label == 1 ? "abnormal" : "normal"
            return "<li><b>\(kind)</b>, \(HTML.escaped(row.end)) <span>\(Chart.label(row.score))</span><br><small>\(HTML.escaped(row.name))</small></li>"
        }
        let width = max(1, sheet.description.columns.count) * 5
        return """
            <details><summary>\(HTML.escaped(title))</summary><div class="sheet"><div class="columns" style="width:\(width)rem">\(columns)</div>\
            <ol>\(rows.joined())</ol><img style="width:\(width)rem" alt="\(HTML.escaped("Example images of \(title)"))" \
            src="data:image/png;base64,\(sheet.image.base64EncodedString())"></div></details>
            """
    }
}
