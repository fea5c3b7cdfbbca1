import ArgumentParser

/// How long the methods are measured.
struct MethodsOptions: ParsableArguments {
    @Option(help: "Rounds; ours and theirs take turns.")
    var rounds = 3

    @Option(help: "Seconds that each measurement takes at least.")
    var methodSeconds = 1.0

    @Option(help: "Also write all numbers of the methods to this file.")
    var methodsJSON: String?

    var seconds: Double { methodSeconds }
    var json: String? { methodsJSON }

    func validate() throws {
        guard rounds > 0, seconds > 0 else { throw ValidationError("--rounds and --method-seconds are above zero") }
    }
}
