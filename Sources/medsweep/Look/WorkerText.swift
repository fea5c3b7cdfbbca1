import Sweep
import Wire

/// Workers in a table.
enum WorkerText {
    static func table(_ workers: [WorkerStatus], now: Double) -> String {
        var rows = [["worker", "host", "device", "threads", "memory", "jobs", "heard of", "state", "data sets", "tags"]]
        let names = Dictionary(grouping: workers, by: \.description.name)
        for worker in workers {
            let about = worker.description
            // Where several have one name, also the digits by which one of them can be told apart, and paused.
            let name = names[about.name]!.count > 1 ? "\(about.name) \(about.instance.prefix(8))" : about.name
            rows.append([
                name.oneLine, about.host.oneLine, device(about), "\(about.resources.threads)", ByteSize.text(about.resources.memory),
                "\(worker.jobs)", LocalTime.ago(worker.seen, now: now), worker.isPaused ? "paused" : worker.jobs > 0 ? "working" : "waiting",
                list(about.datasets.keys.sorted()), list(about.tags),
            ])
        }
        return TextColumns.lines(rows, right: [3, 4, 5]).joined(separator: "\n")
    }

    /// `cpu`, `cuda NVIDIA H200, 134 GiB`, `2 × cuda NVIDIA H200, 134 GiB each`.
    private static func device(_ worker: WorkerDescription) -> String {
        let (name, gpus) = (worker.platform.device.oneLine, worker.resources.gpus)
        guard let least = gpus.min() else { return name }
        return gpus.count == 1 ? "\(name), \(ByteSize.text(least))" : "\(gpus.count) × \(name), \(ByteSize.text(least)) each"
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "-" : words.map(\.oneLine).joined(separator: ", ")
    }
}
