import Testing

@testable import Catalogue

@Suite struct PublishedTests {
    private func study(_ method: String, _ dataset: String, _ metric: String, _ settings: Settings = [:]) throws -> PublishedResult? {
        let about = try #require(Catalogue.dataset(dataset))
        let configuration = try #require(Catalogue.method(method)).resolve(settings, for: about)
        return Catalogue.published(method: method, dataset: dataset, metric: metric, configuration: configuration)
    }

    /// Numbers from each of the published tables.
    @Test(arguments: [
        ("ae", [:], "rsna", "auc", 67.5, 0.9), ("ae", [:], "vincxr", "ap", 60.2, 0.5), ("ae-ssim", [:], "rsna", "ap", 78.6, 0.3),
        ("f-anogan", [:], "vincxr", "auc", 74.7, nil), ("ganomaly", [:], "rsna", "auc", 80.0, nil), ("ae-u", [:], "rsna", "ap", 84.4, 1.1),
        ("dae", [:], "rsna", "auc", 86.1, 0.7), ("dae", [:], "c16", "auc", 65.4, nil), ("dae", [:], "brats", "ap", 93.4, 0.5),
        ("dae", [:], "brats", "pixel_ap", 75.5, 0.7), ("dae", [:], "brats", "best_dice", 71.1, 0.6), ("vae", [:], "brats", "pixel_ap", 44.0, 5.3),
        ("ae-u", [:], "brats", "best_dice", 35.9, 4.4), ("vae-grad-combi", [:], "vincxr", "auc", 53.7, nil),
        ("rdpp", [:], "rsna", "auc", 78.1, nil), ("recontrast", [:], "vincxr", "ap", 59.7, nil), ("msc", [:], "brain", "auc", 97.3, nil),
        ("resnet152-imagenet", [:], "rsna", "auc", 86.1, nil), ("panda", [:], "vincxr", "auc", 67.2, nil), ("rd", [:], "rsna", "ap", 72.7, nil),
        ("ae", ["latent_size": 4], "rsna", "auc", 72.9, 2.1), ("ae", ["latent_size": 1], "brain", "auc", 36.6, 0.3),
        ("ae", ["latent_size": 32], "brain", "auc", 87.1, 0.2), ("ae", ["latent_size": 8], "brats", "best_dice", 42.3, 5.9),
        ("ae", [:], "brain", "auc", 85.9, 0.3), ("memae", [:], "brats", "auc", 63.9, 7.7), ("ceae", [:], "brain", "ap", 76.0, 1.5),
    ] as [(String, Settings, String, String, Double, Double?)])
    func numbersAreTheSpecifications(
        _ method: String, _ settings: Settings, _ dataset: String, _ metric: String, _ mean: Double, _ deviation: Double?
    ) throws {
        let result = try #require(try study(method, dataset, metric, settings))
        #expect(result.mean == mean && result.deviation == deviation && result.source.isStudy)
    }

    @Test func numbersArePercentOfKnownThings() {
        #expect(Catalogue.published.count > 300)
        let metrics = Set(Catalogue.comparedMetrics.map(\.name)), datasets = Set(Catalogue.datasets.map(\.name))
        for result in Catalogue.published {
            #expect((0...100).contains(result.mean) && (0...10).contains(result.deviation ?? 0), "\(result)")
            #expect(metrics.contains(result.metric) && datasets.contains(result.dataset), "\(result)")
            if let method = Catalogue.method(result.method) {
                for (name, value) in result.settings { #expect(method.option(name)?.accepts(value) == true, "\(result)") }
            }
        }
    }

    /// Where several tables of the study have a number, it is the same one.
    @Test func tablesAgree() {
        let studies = Catalogue.published.filter(\.source.isStudy)
        let groups = Dictionary(grouping: studies) { "\($0.method) \($0.settings.canonicalJSON) \($0.dataset) \($0.metric)" }
        for (name, results) in groups { #expect(Set(results.map(\.mean)).count == 1, "\(name)") }
    }

    /// Other settings than the study's have no number of the study's.
    @Test func onlyTheStudysSettingsHaveItsNumbers() throws {
        #expect(try study("ae", "rsna", "auc", ["epochs": 10]) == nil)
        #expect(try study("ae", "rsna", "auc", ["latent_size": 5]) == nil)
        #expect(try study("ae", "rsna", "auc", ["latent_size": 4, "width": 2]) == nil)
        #expect(try study("ae", "brain", "auc", ["epochs": 250]) == nil)
        #expect(try study("ae", "colin27-axial", "auc") == nil)
        #expect(try study("ae", "rsna", "aupro") == nil)
        #expect(Catalogue.published(method: "own", dataset: "rsna", metric: "auc", configuration: [:]) == nil)
    }

    /// What others got from running the study's code again stands apart.
    @Test func runsAgainAreNotTheStudys() throws {
        let again = Catalogue.published.filter { !$0.source.isStudy }
        #expect(again.contains { $0.method == "dae" && $0.metric == "pixel_auc" && $0.mean == 96.75 })
        #expect(again.contains { $0.method == "nsa" && $0.dataset == "brats" && $0.metric == "best_dice" && $0.mean == 52.7 })
        #expect(try study("dae", "brats", "pixel_auc") == nil)
    }
}
