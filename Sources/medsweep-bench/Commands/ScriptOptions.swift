import ArgumentParser

/// Where the Python scripts are that others are measured with.
struct ScriptOptions: ParsableArguments {
    @Option(help: "The folder of parity.py, bench.py, bench_methods.py, study_loop.py, hyperqueue_rate.py and optuna_rate.py.")
    var scripts = "Tests/Bench"
}
