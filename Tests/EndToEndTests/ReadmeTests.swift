import Foundation
import Testing

/// What the README shows works.
@Suite struct ReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func blocks(_ language: String) throws -> [String] {
        let text = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        return text.components(separatedBy: "```\(language)\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    }

    /// Every program, subcommand and option that its commands name is there, and its `make` targets are.
    @Test func commandsExist() async throws {
        let place = try Workplace()
        let makefile = try String(contentsOf: Self.root.appending(path: "Makefile"), encoding: .utf8)
        var checked = 0
        for line in try blocks("sh").flatMap({ $0.split(separator: "\n") }) {
            let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            guard let program = words.first else { continue }
            checked += 1
            if program == "make" {
                #expect(makefile.contains("\n\(words[1]):"), "\(line)")
                continue
            }
            // `medsweep run FILE` is asked as `medsweep run --help`.
            let subcommand = program == "medsweep" ? [words[1]] : []
            let help = try await Programs.run(program, subcommand + ["--help"], in: place.folder)
            #expect(help.status == 0, "\(line): \(help.errors)")
            for option in words where option.hasPrefix("-") {
                #expect(help.output.contains("\(option),") || help.output.contains("\(option) "), "\(line): \(option)")
            }
        }
        #expect(checked >= 10)
    }

    /// The example sweep is one that can be planned: 3 seeds × 2 sizes × (ae on two sets, vae on one) = 18 jobs of the
    /// grid, and 7 sizes of the code × 3 seeds × 2 sizes = 42 of the ablation.
    @Test func exampleSweepPlans() async throws {
        let place = try Workplace()
        let file = try place.write(#require(blocks("yaml").first), to: "latent.yaml")
        let plan = try await Programs.run("medsweep", ["plan", file, "--data", place.data.path, "--json"], in: place.folder)
        #expect(plan.status == 0, "\(plan.errors)")
        #expect(plan.output.contains("\"total\":60"), "\(plan.output)")
        let jobs = try await Programs.run("medsweep", ["plan", file, "--jobs", "method=ae", "seed=0,1", "epochs=range(5,7)"], in: place.folder)
        #expect(jobs.status == 0, "\(jobs.errors)")
        #expect(jobs.output.contains("epochs=6") && !jobs.output.contains("vae"))
    }

    @Test func sweepsOfTheRepositoryPlan() async throws {
        let place = try Workplace()
        let sweeps = Self.root.appending(path: "Sweeps")
        for name in try FileManager.default.contentsOfDirectory(atPath: sweeps.path) {
            let plan = try await Programs.run("medsweep", ["plan", sweeps.appending(path: name).path], in: place.folder)
            #expect(plan.status == 0, "\(name): \(plan.errors)")
        }
    }
}
