import Wire

/// Workers in a table.
enum WorkerText {
    static func table(_ workers: [WorkerStatus], now: Double) -> String {
        var rows = [["worker", "host", "device", "memory", "jobs", "heard of", "state", "data sets", "tags"]]
        for worker in workers {
            let about = worker.description
            rows.append([
                about.name.oneLine, about.host.oneLine, about.device.oneLine, bytes(about.memory), "\(worker.jobs)",
                LocalTime.ago(worker.seen, now: now), worker.isPaused ? "paused" : worker.jobs > 0 ? "working" : "waiting",
                list(about.datasets.keys.sorted()), list(about.tags),
            ])
        }
        return TextColumns.lines(rows, right: [3, 4]).joined(separator: "\n")
    }

    /// `15.6 GiB`, `512 MiB`.
    static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var (value, unit) = (Double(count), 0)
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        // Tenths where they tell something.
        let tenths = (value * 10).rounded() / 10
        return (tenths < 100 && tenths != tenths.rounded() ? "\(tenths)" : "\(Int(value.rounded()))") + " " + units[unit]
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "-" : words.map(\.oneLine).joined(separator: ", ")
    }
}
