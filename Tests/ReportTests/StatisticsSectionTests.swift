import Catalogue
import Foundation
import Statistics
import Sweep
import Testing
import Wire

@testable import Report

@Suite struct StatisticsSectionTests {
    private static let names = (0..<8).map { "\($0).png" }
    private static let labels = [0, 0, 0, 0, 1, 1, 1, 1]
    private static let three = [
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.35], [0.1, 0.6, 0.3, 0.8, 0.5, 0.2, 0.7, 0.4], [0.1, 0.2, 0.7, 0.4, 0.5, 0.6, 0.3, 0.8],
    ]

    private static func html(_ jobs: [JobRow], _ scores: [String: ImageScores] = [:]) -> String {
        StatisticsSection(report: SweepReport(status: SampleReport.status(jobs), jobs: jobs, scores: scores)).html
    }

    /// One job of each of three methods on every data set, always in the same order of AUC.
    private static func jobs(_ datasets: Int) -> [JobRow] {
        (1...datasets).flatMap { place in
            zip(["ae", "vae", "ganomaly"], [0.9, 0.8, 0.7]).map { SampleReport.job($0, "set\(place)", 0, auc: $1 + Double(place) / 100) }
        }
    }

    private static func rows(_ html: String, after caption: String) -> [String] {
        let table = html.components(separatedBy: caption).dropFirst().first?.components(separatedBy: "</tbody>").first ?? ""
        return table.components(separatedBy: "<tbody>").last?.components(separatedBy: "</tr>").filter { !$0.isEmpty } ?? []
    }

    /// p = 0.0492, 0.4436 and 0.4795 by the sums over all pairs of images in NumPy.
    @Test func methodsOfADataSetAreComparedByDeLongWithHolm() throws {
        let jobs = Self.jobs(1)
        let scores = Dictionary(uniqueKeysWithValues: zip(jobs, Self.three).map {
            ($0.identity, ImageScores(names: Self.names, labels: Self.labels, scores: $1))
        })
        let html = Self.html(jobs, scores)
        #expect(Self.rows(html, after: "DeLong's test of AUCs") == [
            "<tr><th>1. AE</th><td></td><td></td>", "<tr><th>2. VAE</th><td>0.148</td><td></td>",
            "<tr><th>3. GANomaly</th><td>0.887</td><td>0.887</td>",
        ])
        let interval = try #require(Bootstrap(Self.three[0], labels: Self.labels)).auc
        let text = String(format: "<td>%.1f to %.1f</td>", interval.lowerBound * 100, interval.upperBound * 100)
        #expect(Self.rows(html, after: "95 % bootstrap intervals").first?.hasPrefix("<tr><th>1. AE</th><td>0</td><td>91.0</td>\(text)<td>45.5</td>") == true)
        #expect(html.contains("it takes three on which at least two lines are complete, and there is 1."))
    }

    @Test func otherImagesAreNotCompared() {
        let jobs = Array(Self.jobs(1).prefix(2))
        for (names, labels) in [(Self.names.reversed(), Self.labels), (Self.names, Self.labels.reversed())] {
            let html = Self.html(jobs, [
                jobs[0].identity: ImageScores(names: Self.names, labels: Self.labels, scores: Self.three[0]),
                jobs[1].identity: ImageScores(names: names, labels: labels, scores: Self.three[1]),
            ])
            #expect(Self.rows(html, after: "DeLong's test of AUCs").last == "<tr><th>2. VAE</th><td>–</td>")
        }
    }

    @Test func whatIsLeftOutIsNamed() {
        let jobs = (1...14).map { SampleReport.job("ae", "brain", 0, auc: 0.6, settings: ["latent_size": .integer($0)]) }
        let scores = Dictionary(uniqueKeysWithValues: jobs.map {
            ($0.identity, ImageScores(names: Self.names, labels: Self.labels, scores: Self.three[0]))
        })
        let html = Self.html(jobs, scores)
        #expect(Self.rows(html, after: "95 % bootstrap intervals").count == 12)
        #expect(html.contains("The first 12 of 14 lines in the order of the tables; left out: AE [latent_size=13], AE [latent_size=14]."))
    }

    /// SciPy: friedmanchisquare gives 6 and 0.0498, studentized_range(3, ∞) a critical difference of 1.9136.
    @Test func dataSetsAreRanked() {
        let html = Self.html(Self.jobs(3))
        #expect(html.contains("χ² = 6.00 with 2 degrees of freedom, p = 0.050."))
        #expect(html.contains("further apart than the critical difference 1.91 (Nemenyi, α = 0.05)"))
        #expect(Self.rows(html, after: "Average ranks by AUC</caption>") == [
            "<tr><th>AE</th><td>1.00</td>", "<tr><th>VAE</th><td>2.00</td>", "<tr><th>GANomaly</th><td>3.00</td>",
        ])
        #expect(html.contains("it takes five data sets, and there are 3."))
        #expect(html.contains("fewer than two lines have a finished job and its scores: set1, set2, set3."))
    }

    /// Scores that depend on the seed only, one method on seeds 0 to 2 and two on seeds 1 to 3: over all of them the methods would seem to
    /// differ on every data set; on the seeds that they share nothing does.
    @Test func linesAreRankedOnTheirCommonSeeds() {
        func jobs(_ seeds: [String: ClosedRange<Int>], gain: [String: Double] = [:]) -> [JobRow] {
            (1...3).flatMap { place in
                seeds.sorted { $0.key < $1.key }.flatMap { method, range in
                    range.map { SampleReport.job(method, "set\(place)", $0, auc: 0.5 + Double($0) / 10 + gain[method, default: 0]) }
                }
            }
        }
        let seeds = ["ae": 0...2, "vae": 1...3, "ganomaly": 1...3]
        #expect(Self.html(jobs(seeds)).contains("all lines are equal on every data set"))
        let html = Self.html(jobs(seeds, gain: ["vae": 0.01, "ganomaly": -0.01]))
        #expect(html.contains("over the seeds that all of them have (set1: 1, 2; set2: 1, 2; set3: 1, 2), 1 the best."), "\(html)")
        #expect(Self.rows(html, after: "Average ranks by AUC</caption>") == [
            "<tr><th>VAE</th><td>1.00</td>", "<tr><th>AE</th><td>2.00</td>", "<tr><th>GANomaly</th><td>3.00</td>",
        ])
        let apart = Self.html(jobs(["ae": 0...1, "vae": 2...3]))
        #expect(apart.contains("and there are 0 data sets with such a seed, where it takes three."))
        #expect(apart.contains("Left out, since the lines have no seed in common there: set1, set2, set3."))
    }

    /// AUCs of one data set are held against each other on one seed: the one that most lines have.
    @Test func deLongComparesOneSeed() {
        func html(_ seeds: [[Int]]) -> String {
            let jobs = zip(["ae", "vae", "ganomaly"], seeds).flatMap { method, seeds in
                seeds.map { SampleReport.job(method, "set1", $0, auc: 0.5) }
            }
            // What would be significant between seeds is not between methods.
            return Self.html(jobs, Dictionary(uniqueKeysWithValues: jobs.map {
                ($0.identity, ImageScores(names: Self.names, labels: Self.labels, scores: Self.three[$0.job.seed % 3]))
            }))
        }
        let shared = html([[0, 1], [1, 2], [1, 2]])
        #expect(Self.rows(shared, after: "95 % bootstrap intervals").allSatisfy { $0.contains("</th><td>1</td>") })
        #expect(Self.rows(shared, after: "DeLong's test of AUCs").last == "<tr><th>3. GANomaly</th><td>–</td><td>–</td>")
        let apart = html([[0], [1], [2]])
        #expect(Self.rows(apart, after: "DeLong's test of AUCs").last == "<tr><th>3. GANomaly</th><td>–</td><td>–</td>")
    }

    /// Five differences of one sign: p = 2 / 2⁵, three times that by Holm.
    @Test func fiveDataSetsAreEnoughForWilcoxon() {
        let html = Self.html(Self.jobs(5))
        #expect(Self.rows(html, after: "Wilcoxon's test of AUC").last == "<tr><th>3. GANomaly</th><td>0.188</td><td>0.188</td>")
        #expect(html.contains("With 5 data sets no p value is below 0.062 before it is adjusted."))
    }

    @Test func onlyCompleteLinesAreRanked() {
        var jobs = Self.jobs(3)
        jobs[8] = SampleReport.job("ganomaly", "set3", 0, auc: nil, state: .quarantined)
        let html = Self.html(jobs)
        #expect(html.contains("Not complete on all of these data sets, so left out: GANomaly."))
        #expect(Self.rows(html, after: "Average ranks by AUC</caption>").count == 2)
        jobs[1] = SampleReport.job("vae", "set1", 0, auc: nil, state: .pending)
        #expect(Self.html(jobs).contains("it takes two lines that are complete on all 3 data sets, and there is 1."))
        #expect(Self.html(jobs.map { SampleReport.job($0.job.method, $0.job.dataset, 0, auc: 0.5) }).contains("all lines are equal on every data set"))
        #expect(Self.html([SampleReport.job("ae", "set1", 0, auc: nil, state: .pending)]).isEmpty)
    }

    /// Ranks 1, 2 and 3 with a difference of 1.91: the outer two differ, so two bars overlap at the middle one.
    @Test func thePictureJoinsWhatDoesNotDiffer() throws {
        let friedman = try #require(Friedman([[3, 2, 1], [3, 2, 1], [3, 2, 1]]))
        let nemenyi = try #require(Nemenyi(friedman))
        let ranks = try #require(CriticalDifference(names: ["<a>", "b", "c"], friedman, nemenyi))
        let svg = CriticalDifferencePicture(title: "t", ranks: ranks).svg
        let bars = svg.components(separatedBy: "<line class=\"base group\"").dropFirst()
        #expect(bars.map { $0.components(separatedBy: " x1").last?.components(separatedBy: "/>").first } == [
            "=\"157.0\" y1=\"55.0\" x2=\"323.0\" y2=\"55.0\"", "=\"317.0\" y1=\"62.0\" x2=\"483.0\" y2=\"62.0\"",
        ])
        #expect(svg.contains("critical difference 1.91") && svg.contains("&lt;a&gt; 1.00") && svg.contains("3.00 c") && !svg.contains("<a>"))
    }
}
