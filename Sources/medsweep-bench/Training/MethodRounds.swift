import Foundation

/// Measures a method in processes of its own, ours and PyTorch's in turn, so that neither finds what the other has left behind.
struct MethodRounds {
    /// Where manifests and outputs are written.
    let folder: URL
    /// The PyTorch to compare with; `nil`: none.
    let python: Python?

    func measure(_ workload: Workload, rounds: Int) throws -> MethodSpeed {
        var workload = workload
        var speed = MethodSpeed(workload)
        for _ in 0..<rounds {
            let ours = try run(Programs.this, ["measure", write(workload)])
            workload.scoringBatchSize = ours.measurement.scoringBatchSize ?? workload.scoringBatchSize
            speed.ours.append(ours)
            guard let python else { continue }
            speed.theirs.append(
                try run(URL(filePath: python.executable), [python.script("bench_methods.py"), write(workload)], python.environment))
        }
        return speed
    }

    /// Measures ours in several processes at the same time.
    func together(_ workload: Workload, count: Int) throws -> [Measurement] {
        let manifest = try write(workload)
        let processes = try (0..<count).map { number in
            try ChildProcess(Programs.this, ["measure", manifest], output: folder.appending(path: "together-\(number)"))
        }
        return try processes.map { process in
            try process.wait()
            return try JSONDecoder().decode(Measurement.self, from: Data(process.written.utf8))
        }
    }

    /// The losses of our first epochs, or the scores of some images where there are none.
    func losses(_ workload: Workload, epochs: Int) throws -> [Double] {
        let process = try ChildProcess(
            Programs.this, ["measure", write(workload), "--losses", String(epochs)], output: folder.appending(path: "losses"))
        try process.wait()
        return try JSONDecoder().decode([Double].self, from: Data(process.written.utf8))
    }

    private func write(_ workload: Workload) throws -> String {
        let file = folder.appending(path: "\(workload.method).json")
        try JSONEncoder().encode(workload).write(to: file)
        return file.path
    }

    private func run(_ program: URL, _ arguments: [String], _ environment: [String: String] = [:]) throws -> MethodSpeed.Run {
        let start = Date.now.timeIntervalSince1970
        let process = try ChildProcess(
            program, arguments, output: folder.appending(path: program.lastPathComponent), environment: environment)
        try process.wait()
        let measurement = try JSONDecoder().decode(Measurement.self, from: Data(process.written.utf8))
        return MethodSpeed.Run(measurement: measurement, start: measurement.firstStep - start)
    }
}
