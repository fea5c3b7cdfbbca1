import ArgumentParser
import Catalogue
import Foundation

/// `medsweep methods`
struct MethodsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "methods",
        abstract: "Lists the methods that sweep files can name, or explains one: model and scorer, equation, source, options, what a job takes.",
        discussion: """
            Example: medsweep methods
            Example: medsweep methods ae-u --json
            """)

    @Argument(help: "The method to explain.")
    var method: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        guard let method else {
            return try Terminal.print(json ? try MethodsText.json(Catalogue.methods) : MethodsText.list(Catalogue.methods), isJSON: json)
        }
        guard let description = Catalogue.method(method) else {
            let hint = nearestNameHint(for: method, among: Catalogue.methods.map(\.name))
            throw Failure(.usage, "there is no method '\(method.oneLine)'\(hint); medsweep methods lists them all")
        }
        try Terminal.print(json ? try MethodsText.json(description) : MethodsText.explanation(description), isJSON: json)
    }
}
