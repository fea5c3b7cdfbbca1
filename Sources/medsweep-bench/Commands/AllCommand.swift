import ArgumentParser

/// `medsweep-bench` without the name of a part: all of them.
struct AllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "Runs all: training beside PyTorch, every method's speed, a sweep beside the study's own way, then the queue and how fast results are shown.",
        discussion: "Example: medsweep-bench --data demo-data")

    @OptionGroup var scripts: ScriptOptions
    @OptionGroup(title: "Training") var training: TrainingOptions
    @OptionGroup(title: "Methods") var methods: MethodsOptions
    @OptionGroup(title: "Queue") var queue: QueueOptions
    @OptionGroup(title: "Results") var results: ResultsOptions

    func run() throws {
        try TrainingBench(options: training, scripts: scripts.scripts).run()
        print()
        try MethodsBench(options: training.pyTorch, rounds: methods, methods: [], scripts: scripts.scripts).run()
        print()
        print(try SweepBench(
            data: training.data, epochs: nil, folder: WorkFolder(in: queue.folder), python: training.pyTorch.python(scripts: scripts.scripts)).run())
        print()
        try QueueCommand.run(queue, scripts: scripts.scripts)
        print()
        try ResultsCommand.run(results, folder: queue.folder, peers: queue.peers, scripts: scripts.scripts)
    }
}
