import Catalogue
import Sweep

/// Numbers in Prometheus's text format 0.0.4.
struct MetricsText {
    private(set) var text = ""

    init(_ figures: StoreFigures, _ store: GroupedWriter.Timings, _ requests: [(RequestMeter.Key, Histogram)]) {
        family("medsweep_build_info", "gauge", "The version of the training core that identities are made with.")
        sample("medsweep_build_info", [("core_version", String(Catalogue.coreVersion))], 1)
        family("medsweep_jobs", "gauge", "Jobs by state; a job that several sweeps hold counts in each.")
        for state in JobState.allCases {
            sample("medsweep_jobs", [("state", state.rawValue)], Double(figures.jobs[state.rawValue] ?? 0))
        }
        family("medsweep_sweep_jobs", "gauge", "Jobs by sweep and state, of the newest 100 sweeps.")
        for entry in figures.sweeps {
            sample("medsweep_sweep_jobs", [("sweep", entry.name), ("state", entry.state)], Double(entry.count))
        }
        family("medsweep_workers", "gauge", "Workers heard of in the last two minutes.")
        sample("medsweep_workers", [], Double(figures.workers))
        family("medsweep_oldest_lease_age_seconds", "gauge", "Time since the oldest lease was given out; absent when nothing is leased.")
        if let age = figures.leaseAge { sample("medsweep_oldest_lease_age_seconds", [], age) }
        family("medsweep_next_lease_expiry_seconds", "gauge", "Time until the first lease runs out; absent when nothing is leased.")
        if let expiry = figures.leaseExpiry { sample("medsweep_next_lease_expiry_seconds", [], expiry) }
        family("medsweep_store_commit_seconds", "histogram", "Time of a transaction of the store, until it is on disk.")
        histogram("medsweep_store_commit_seconds", [], store.commit)
        family("medsweep_store_group_size", "histogram", "Requests that were written in one transaction.")
        histogram("medsweep_store_group_size", [], store.group)
        family("medsweep_http_request_seconds", "histogram", "Time until a request's answer, waits for work included.")
        for (key, values) in requests {
            histogram("medsweep_http_request_seconds", [("method", key.method), ("route", key.route), ("status", key.status)], values)
        }
    }

    private mutating func family(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let list = labels.map { "\($0)=\"\(Self.escape($1))\"" }.joined(separator: ",")
        text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
    }

    private mutating func histogram(_ name: String, _ labels: [(String, String)], _ values: Histogram) {
        var total = 0
        for (index, count) in values.counts.enumerated() {
            total += count
            let bound = index < values.bounds.count ? String(values.bounds[index]) : "+Inf"
            sample(name + "_bucket", labels + [("le", bound)], Double(total))
        }
        sample(name + "_sum", labels, values.sum)
        sample(name + "_count", labels, Double(total))
    }

    private static func escape(_ value: String) -> String {
        // By scalars: a quote that an accent is put upon is a quote to whoever reads this.
        value.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
