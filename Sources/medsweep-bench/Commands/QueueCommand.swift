import ArgumentParser
import Foundation

/// `medsweep-bench queue`
struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Measures a coordinator's queue: rates, waiting times, memory, beside others in the same run.",
        discussion: "Example: medsweep-bench queue --connections 8 --sizes 10000,100000 --json queue.json")

    @OptionGroup var scripts: ScriptOptions
    @OptionGroup var options: QueueOptions

    func run() throws { try Self.run(options, scripts: scripts.scripts) }

    /// Measures, prints and, if asked for, writes the numbers to a file.
    static func run(_ options: QueueOptions, scripts: String) throws {
        let report = try QueueBench(options, scripts: scripts).run()
        print(QueueTables(report: report).text)
        guard let file = options.json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // A latency that was never measured has no number in JSON.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "none")
        try encoder.encode(report).write(to: URL(filePath: file))
    }
}
