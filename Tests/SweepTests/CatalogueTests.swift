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

    /// A method that is trained as another has the same options with the same defaults.
    @Test func trainedAsAnotherMeansEqualOptions() throws {
        for method in Catalogue.methods {
            guard let base = method.trainedAs else { continue }
            #expect(try method.options == #require(Catalogue.method(base)).options)
            #expect(Catalogue.method(base)?.trainedAs == nil)
        }
        #expect(Catalogue.methods.filter { $0.trainedAs == "vae" }.count == 4)
    }

    /// The study's settings that depend on the data set (specification 1.5, 2.2, 2.3).
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

    /// An option that came later changes identities only where it is used.
    @Test func optionsThatCameLaterAreLeftOutAtTheirDefault() throws {
        let method = try #require(Catalogue.method("vae"))
        #expect(method.resolve(["score_sampling": true], for: .custom("x")) == method.resolve([:], for: .custom("x")))
        #expect(method.resolve(["score_sampling": false], for: .custom("x"))["score_sampling"] == false)
    }
}
