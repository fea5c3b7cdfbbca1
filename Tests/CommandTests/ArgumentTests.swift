import ArgumentParser
import Catalogue
import Foundation
import Testing

@testable import medsweep

/// What the commands take and refuse before they ask a coordinator.
@Suite struct ArgumentTests {
    private func parse<Command: ParsableCommand>(_ words: String..., as type: Command.Type = Command.self) throws -> Command {
        try #require(try Medsweep.parseAsRoot(PrioritiseCommand.protectingNegatives(words)) as? Command)
    }

    /// The sentence that the words are refused with.
    private func refusal(_ words: String...) throws -> String {
        do {
            _ = try Medsweep.parseAsRoot(PrioritiseCommand.protectingNegatives(words))
        } catch {
            #expect(Medsweep.exitCode(for: error).rawValue == 64)
            return Medsweep.message(for: error)
        }
        Issue.record("not refused: \(words)")
        return ""
    }

    @Test func targetsAndWorkers() throws {
        let pause = try parse("pause", "demo", "0123abcd", "--worker", "one", "--worker", "two", as: PauseCommand.self)
        #expect(pause.hold.target.targets == ["demo", "0123abcd"])
        #expect(pause.hold.worker == ["one", "two"])
        #expect(try parse("resume", "--worker", "one", as: ResumeCommand.self).hold.worker == ["one"])
        #expect(try parse("cancel", "demo", "--yes", as: CancelCommand.self).yes)
        #expect(try parse("retry", "--job", "0123abcd", as: RetryCommand.self).target.kind == .job)
        #expect(try parse("retry", "--sweep", "0123abcd", as: RetryCommand.self).target.kind == .sweep)
    }

    @Test func targetsAreWanted() throws {
        #expect(try refusal("pause").contains("--worker"))
        #expect(try refusal("resume", "--json").contains("--worker"))
        #expect(try refusal("cancel").contains("name a sweep or a job"))
        #expect(try refusal("retry").contains("name a sweep or a job"))
        #expect(try refusal("retry", "--job", "--sweep", "demo").contains("--"))
    }

    @Test func jobsAreNamedByTheirDigits() throws {
        for command in ["explain", "job"] {
            #expect(try refusal(command, "demo").contains("'demo' names no job"))
            #expect(try refusal(command, "0123abc").contains("8 or more"))
        }
        #expect(try refusal("cancel", "--job", "demo").contains("'demo' names no job"))
        #expect(try refusal("prioritise", "--job", "demo", "1").contains("'demo' names no job"))
        #expect(try refusal("events", "--job", "demo").contains("'demo' names no job"))
        #expect(JobReference.isPossible(String(repeating: "a", count: 64)))
        #expect(!JobReference.isPossible(String(repeating: "a", count: 65)))
        #expect(!JobReference.isPossible("0123456g"))
        #expect(try JobReference.parse("0123ABCD") == "0123abcd")
    }

    @Test(arguments: ["prioritise", "prioritize", "priority"]) func prioritiesMayBeNegative(_ name: String) throws {
        #expect(try parse(name, "demo", "-5", as: PrioritiseCommand.self).priority == -5)
        let command = try parse(name, "demo", "-12", "--json", "--coordinator", "http://h:1", as: PrioritiseCommand.self)
        #expect(command.priority == -12 && command.target == "demo" && command.json)
        #expect(try parse(name, "demo", "--", "-5", as: PrioritiseCommand.self).priority == -5)
        #expect(try parse(name, "demo", "7", as: PrioritiseCommand.self).priority == 7)
        #expect(try refusal(name, "demo", "-1001").contains("-1000 to 1000"))
        #expect(try refusal(name, "demo", "high").contains("high"))
        #expect(try refusal(name, "demo").contains("priority"))
    }

    @Test func otherCommandsKeepTheirWords() {
        #expect(PrioritiseCommand.protectingNegatives(["events", "-5"]) == ["events", "-5"])
        #expect(PrioritiseCommand.protectingNegatives([]) == [])
    }

    @Test func events() throws {
        let command = try parse("events", "--sweep", "demo", "-n", "5", "-f", "--since", "7", as: EventsCommand.self)
        #expect(command.sweep == "demo" && command.lines == 5 && command.follow && command.since == 7)
        #expect(try refusal("events", "-n", "many").contains("many"))
        #expect(try refusal("events", "--since=-1").contains("--since"))
        #expect(try refusal("events", "--lines=-1").contains("-n"))
        #expect(try refusal("events", "-n", "1001").contains("--since"))
        #expect(try parse("events", "-n", "1001", "--since", "0", as: EventsCommand.self).lines == 1001)
    }

    @Test func costs() throws {
        #expect(try parse("plan", "s.yaml", "--cost", "--tflops", "20", "--step-time", "0", "--json", as: PlanCommand.self).tflops == 20)
        #expect(try refusal("plan", "s.yaml", "--tflops", "20").contains("--cost"))
        #expect(try refusal("plan", "s.yaml", "--cost", "--tflops", "0").contains("above 0"))
        #expect(try refusal("plan", "s.yaml", "--cost", "--step-time=-1").contains("--step-time"))
        #expect(try refusal("plan", "s.yaml", "--cost", "--jobs").contains("--jobs"))
    }

    @Test func methodsAreExplained() throws {
        for method in Catalogue.methods {
            let text = MethodsText.explanation(method)
            for part in [method.name, method.title, method.source, method.summary] { #expect(text.contains(part), "\(method.name)") }
            for option in method.options { #expect(text.contains("  \(option.name) "), "\(method.name) \(option.name)") }
            #expect(text.contains("model: \(method.model.name), scorer: \(method.scorer.name)") && text.contains("\noptions of the model\n"), "\(method.name)")
            #expect(text.contains("\na job at the defaults takes 1 thread and "), "\(method.name)")
            for line in method.equation.split(separator: "\n") { #expect(text.contains(line), "\(method.name)") }
            let object = try #require(try JSONSerialization.jsonObject(with: Data(MethodsText.json(method).utf8)) as? [String: Any])
            #expect((object["options"] as? [[String: Any]])?.count == method.options.count)
        }
        let list = MethodsText.list(Catalogue.methods).split(separator: "\n")
        #expect(list.count == Catalogue.methods.count + 1)
        let vae = MethodsText.explanation(try #require(Catalogue.method("vae-grad-kl")))
        #expect(vae.contains("model: vae, scorer: gradient-kl; trained once with: vae, vae-grad-rec, vae-grad-kl, vae-grad-elbo, vae-grad-combi\n"), "\(vae)")
        #expect(vae.contains("\n  epochs         250      passes"), "\(vae)")
        #expect(MethodsText.explanation(try #require(Catalogue.method("resnet18-imagenet"))).contains("; nothing is trained\n"))
        #expect(MethodsText.explanation(try #require(Catalogue.method("ae"))).contains("brain        epochs=600"))
        #expect(MethodsText.explanation(try #require(Catalogue.method("ae-perceptual"))).contains("pretrained weights: vgg19"))
    }

    @Test func unknownMethodsGetTheNearestName() throws {
        let command = try parse("methods", "ganomly", as: MethodsCommand.self)
        let error = #expect(throws: Failure.self) { try command.run() }
        #expect(error?.description.contains("'ganomly' (did you mean 'ganomaly'?)") == true && error?.code == .usage)
    }

    /// Each command has a help text with an example that parses.
    @Test func examplesParse() throws {
        let commands: [any ParsableCommand.Type] = [
            PauseCommand.self, ResumeCommand.self, CancelCommand.self, RetryCommand.self, PrioritiseCommand.self,
            EventsCommand.self, ExplainCommand.self, WorkersCommand.self, JobCommand.self, MethodsCommand.self,
            CompareCommand.self, ExportCommand.self,
        ]
        for command in commands {
            let help = Medsweep.helpMessage(for: command)
            let examples = command.configuration.discussion.split(whereSeparator: \.isNewline).map(String.init)
                .filter { $0.hasPrefix("Example: medsweep ") }
            #expect(!examples.isEmpty, "\(help)")
            for example in examples {
                let words = example.split(separator: " ").dropFirst(2).map(String.init)
                let parsed = try Medsweep.parseAsRoot(PrioritiseCommand.protectingNegatives(words))
                #expect(type(of: parsed) == command, "\(example)")
            }
            #expect(help.contains("--json"), "\(help)")
        }
    }
}
