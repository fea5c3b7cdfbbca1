import Catalogue
import Testing

@testable import Sweep

/// What the catalogue promises of all methods.
struct CatalogueTests {
    @Test(arguments: Catalogue.methods.map(\.name)) func everyMethodIsDescribed(_ name: String) throws {
        let method = try #require(Catalogue.method(name))
        #expect(!method.summary.isEmpty && method.equation.contains("loss = ") && method.equation.contains("score = "))
        #expect(method.source.contains(/[12][0-9]{3}/))
        #expect(Set(method.options.map(\.name)).count == method.options.count)
        for option in method.options { #expect(option.accepts(option.defaultValue), "\(option.name)") }
        for dataset in Catalogue.datasets {
            for (option, value) in method.resolve([:], for: dataset) {
                #expect(try #require(method.option(option)).accepts(value), "\(option) of \(dataset.name)")
            }
        }
    }

    /// Methods that differ in their scoring only have one model, and jobs of them one training.
    @Test func scorersShareAModel() throws {
        let methods = Catalogue.methods.filter { $0.model.name == "vae" }
        #expect(methods.count == 5 && Set(methods.map(\.scorer.name)).count == 5)
        let jobs = try expanded("sweep: s\nmatrix: {method: [vae, vae-grad-kl, ae, ae-grad], dataset: brain, seed: 0}")
        let trainings = jobs.map(\.trainingIdentity)
        #expect(trainings[0] == trainings[1] && trainings[2] == trainings[3] && trainings[0] != trainings[2])
        #expect(Set(jobs.map(\.identity)).count == 4)
    }

    /// Options of a scorer change what a job is, but not what it trains.
    @Test(arguments: [("vae", "score_sampling", "[true, false]"), ("ae", "score", "[mean, max, top1%]")])
    func optionsOfAScorerShareATraining(_ method: String, _ option: String, _ values: String) throws {
        let jobs = try expanded("sweep: s\nmatrix:\n  method: \(method)\n  dataset: brain\n  seed: 0\n  \(option): \(values)")
        #expect(jobs.count > 1 && Set(jobs.map(\.identity)).count == jobs.count && Set(jobs.map(\.trainingIdentity)).count == 1)
        let trained = try expanded("sweep: s\nmatrix: {method: \(method), dataset: brain, seed: 0, latent_size: [16, 8]}")
        #expect(Set(trained.map(\.trainingIdentity)).count == 2)
    }

    /// What is not trained has no training.
    @Test func networksThatAreUsedAsTheyAreHaveNoTraining() throws {
        #expect(try expanded("sweep: s\nmatrix: {method: resnet18-imagenet, dataset: brain, seed: 0}").allSatisfy { $0.trainingIdentity == nil })
    }

    /// One's own data set is looked at in its own colours, unless it is said otherwise; the study's sets keep the study's rule.
    @Test func colourFollowsContent() throws {
        func colours(_ more: String) throws -> [Setting?] {
            let file = try SweepFile.parse(
                source: "sweep: s\nmatrix: {method: ae, dataset: [own, brain], seed: 0}\n\(more)", file: "s.yaml",
                datasets: Catalogue.datasets + [.custom("own")])
            let content = DatasetContent(fingerprint: "f", color: .rgb)
            return try file.jobs(contents: ["own": content, "brain": content]).map { $0.job.configuration["color"] }
        }
        #expect(try colours("") == ["rgb", "grey"])
        #expect(try colours("fixed: {color: grey}") == ["grey", "grey"])
        #expect(try colours("set: [{when: {color: rgb}, to: {color: grey}}]") == ["grey", "grey"])
    }

    /// The study's settings that depend on the data set.
    @Test func datasetsHaveTheirDefaults() throws {
        func value(_ option: String, _ method: String, _ dataset: String) throws -> Setting? {
            try #require(Catalogue.method(method)).resolve([:], for: #require(Catalogue.dataset(dataset)))[option]
        }
        #expect(try value("epochs", "ae-u", "brain") == 600 && value("epochs", "ae-u", "rsna") == 250)
        #expect(try value("epochs", "f-anogan", "brain") == 3000)
        #expect(try value("noise_foreground", "dae", "brats") == "batch" && value("noise_foreground", "dae", "lag") == "none")
        #expect(try value("input_size", "dae", "brats") == 128 && value("batch_size", "dae", "brats") == 16)
        #expect(try value("color", "memae", "c16") == "rgb" && value("color", "memae", "isic") == "grey")
    }
}
