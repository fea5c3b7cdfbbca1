import Catalogue
import Foundation
import Sweep
import Testing
import Wire

@testable import Report

@Suite struct PageTests {
    /// The area below the step function is the average precision, ties counted as one step.
    @Test func precisionRecallHasTheAveragePrecision() {
        let scores = ImageScores(names: [], labels: [0, 1, 1, 0, 1], scores: [0.1, 0.4, 0.1, 0.3, 0.8])
        let points = ScoreCurves(scores).precisionRecall
        let area = zip(points, points.dropFirst()).reduce(0) { $0 + ($1.1.x - $1.0.x) * $1.1.y }
        // By hand: 1/3 · 1 + 1/3 · 1 + 1/3 · 3/5.
        #expect(abs(area - 0.8666666666666666) < 1e-12)
        #expect(ScoreCurves(scores).roc.map(\.x) == [0, 0, 0, 0.5, 1])
        #expect(ScoreCurves(ImageScores(names: [], labels: [0], scores: [1])).precisionRecall.isEmpty)
    }

    /// A file of scores comes from any worker: lists of unequal length are refused, before a page is made of them.
    @Test func scoresOfUnequalLengthAreRefused() throws {
        let whole = ImageScores(names: ["a", "b"], labels: [0, 1], scores: [1, 2])
        #expect(try JSONDecoder().decode(ImageScores.self, from: JSONEncoder().encode(whole)) == whole)
        for text in [#"{"names":["a"],"labels":[0,1],"scores":[1,2]}"#, #"{"names":["a","b"],"labels":[0],"scores":[1,2]}"#] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(ImageScores.self, from: Data(text.utf8)) }
        }
    }

    @Test func anAblationIsACurveWithABand() throws {
        let jobs = [1, 8, 64].flatMap { size in
            (0..<2).map { SampleReport.job("ae", "brain", $0, auc: 0.6 + Double($0) / 10, settings: ["latent_size": .integer(size)]) }
        } + [SampleReport.job("vae", "brain", 0, auc: 0.7)]
        let report = SweepReport(status: SampleReport.status(jobs), jobs: jobs)
        let charts = AblationCurves(report: report).charts
        #expect(charts.map(\.title) == ["AUC over latent_size, BrainTumor", "AP over latent_size, BrainTumor"])
        let chart = try #require(charts.first)
        #expect(chart.names == ["AE"] && chart.svg.contains("<polygon") && chart.svg.components(separatedBy: "<circle").count == 4)
        #expect(report.render(.html).contains("<h2>Ablations</h2>"))
    }

    /// Two options one at a time around a base give a curve each; a text gives none.
    @Test func everyAblatedOptionHasItsCurve() {
        let settings: [Settings] = [
            ["latent_size": 16, "epochs": 10], ["latent_size": 4, "epochs": 10], ["latent_size": 16, "epochs": 20],
        ]
        let jobs = settings.map { SampleReport.job("ae", "brain", 0, auc: 0.6, settings: $0) }
        let charts = AblationCurves(report: SweepReport(status: SampleReport.status(jobs), jobs: jobs)).charts
        #expect(charts.count == 4 && charts.allSatisfy { $0.names == ["AE"] && !$0.svg.contains("<polygon") })
        let texts = ["a", "b"].map { SampleReport.job("ae", "brain", 0, auc: 0.6, settings: ["kind": .text($0)]) }
        #expect(AblationCurves(report: SweepReport(status: SampleReport.status(texts), jobs: texts)).charts.isEmpty)
    }

    @Test func theGalleryShowsTheFirstSeedAndNamesWhatIsLeftOut() throws {
        let jobs = [SampleReport.job("ae", "brain", 0, auc: nil, state: .pending)]
            + [2, 1].map { SampleReport.job("ae", "brain", $0, auc: 0.6) } + [SampleReport.job("vae", "brain", 0, auc: 0.6)]
        let text = Data(#"{"columns":["input","map"],"rows":[{"name":"<x>.png","label":1,"score":0.5,"end":"highest"}]}"#.utf8)
        let small = try ExampleSheet(image: Data("png".utf8), description: text)
        let large = try ExampleSheet(image: Data(count: Gallery.limit + 1), description: text)
        let report = SweepReport(status: SampleReport.status(jobs), jobs: jobs)
        #expect(report.representatives.map(\.job.seed) == [1, 0])
        let page = report.adding(scores: [:], examples: [jobs[2].identity: small, jobs[3].identity: large]).render(.html)
        #expect(page.contains("data:image/png;base64,cG5n\""))
        #expect(page.contains("AE, BrainTumor, seed 1") && page.contains("&lt;x&gt;.png"))
        #expect(page.contains("below 40 MB of images: VAE, BrainTumor."))
        #expect(throws: DecodingError.self) { try ExampleSheet(image: Data(), description: Data("{}".utf8)) }
    }

    /// The page and the JSON tell what the sweep was made from, to the letter.
    @Test func theSweepFileIsInTheProvenance() throws {
        let jobs = [SampleReport.job("ae", "brain", 0, auc: 0.6)]
        let request = SubmitRequest(
            source: "sweep: s  # <b> & co\nmatrix: {method: ae}\n", file: "s.yaml", overrides: ["seed=0,1", "epochs=<5>"], contents: [:])
        let report = SweepReport(status: SampleReport.status(jobs), jobs: jobs, source: request)
        let page = report.render(.html)
        #expect(page.contains("<pre>sweep: s  # &lt;b&gt; &amp; co\nmatrix: {method: ae}\n</pre>"))
        #expect(page.contains("The sweep file, s.yaml") && page.contains("<code>seed=0,1</code> <code>epochs=&lt;5&gt;</code>"))
        #expect(page.contains("brain, SHA-256 of its content \(jobs[0].job.fingerprint)"))
        struct Document: Decodable { let source: SubmitRequest? }
        let document = try JSONDecoder().decode(Document.self, from: Data(report.render(.json).utf8))
        #expect(document.source?.source == request.source && document.source?.overrides == request.overrides)
        #expect(!SweepReport(status: SampleReport.status(jobs), jobs: jobs).render(.html).contains("The sweep file"))
    }

    @Test func barsHaveErrorsAndTheStudysNumber() {
        let jobs = (0..<2).map { SampleReport.job("ae", "rsna", $0, auc: 0.66 + Double($0) / 50) }
        let page = SweepReport(status: SampleReport.status(jobs), jobs: jobs).render(.html)
        #expect(page.contains("class=\"bar\"") && page.contains("class=\"error\"") && page.contains("class=\"study\""))
        #expect(page.contains("<dt>Failed attempts</dt><dd>0</dd>") && page.contains(jobs[0].identity))
    }
}
