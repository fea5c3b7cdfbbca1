import ArgumentParser
import Catalogue
import Datasets
import Foundation
import Sweep
import Wire

/// `medsweep plan`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what a sweep file would run: jobs per axis, new, reused and in total. Changes nothing.",
        discussion: "Example: medsweep plan Sweeps/demo.yaml epochs=10 --data demo-data --jobs")

    @OptionGroup var source: SweepSource
    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "List every job.")
    var jobs = false

    @Flag(help: "Say what the jobs take: images, multiply-accumulates and hours on one machine.")
    var cost = false

    @Option(help: "With --cost: the floating-point operations, in 10^12 a second, that the machine keeps up (default: 3.5, an NVIDIA T4).")
    var tflops: Double?

    @Option(help: "With --cost: the least milliseconds that a batch takes (default: 6).")
    var stepTime: Double?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard cost || tflops == nil && stepTime == nil else { throw ValidationError("--tflops and --step-time need --cost") }
        guard !cost || !jobs else { throw ValidationError("--cost and --jobs exclude each other; ask for one") }
        if let tflops, !(tflops > 0 && tflops.isFinite) { throw ValidationError("--tflops takes a number above 0") }
        if let stepTime, !(stepTime >= 0 && stepTime.isFinite) { throw ValidationError("--step-time takes a number from 0 on") }
    }

    /// The machine that hours are given for.
    private var machine: Machine {
        var machine = Machine.t4
        if let tflops {
            machine.name = "machine"
            machine.sustainedTeraflops = tflops
        }
        if let stepTime { machine.secondsPerStep = stepTime / 1000 }
        return machine
    }

    func run() async throws {
        guard !cost else { return try printCost() }
        let (sweep, request) = try source.request()
        var entries: [String] = []
        try source.tellEntries(of: sweep) { entries.append($0) }
        let absent = sweep.datasetNames.filter { request.contents[$0] == nil }
        // Jobs of data sets that are not here have no identity yet.
        let planned = try sweep.jobs(contents: request.contents.merging(absent.map { ($0, DatasetContent(fingerprint: "absent")) }) { $1 })
        let plan: SubmitResponse
        if connection.exists, absent.isEmpty || connection.coordinator != nil {
            plan = try await connection.withClient { client in try await client.plan(request) }
        } else {
            plan = localPlan(sweep, planned)
        }
        if jobs {
            for job in planned {
                let identity = absent.contains(job.job.dataset) ? "-" : job.identity
                try Terminal.print(json ? jobJSON(job, identity) : jobLine(job, identity), isJSON: json)
            }
            return
        }
        let document = PlanText(
            plan: plan, tally: MethodTally(planned, requires: sweep.policy.requires), contents: request.contents, entries: entries)
        try Terminal.print(json ? String(decoding: try WireCoding.encode(document), as: UTF8.self) : document.text, isJSON: json)
        if !absent.isEmpty, connection.coordinator == nil {
            Terminal.note("not found, so nothing of theirs can be known to be finished: \(absent.joined(separator: ", ")); see --data")
        }
    }

    /// No coordinator is asked, and no more images are read than tell of a data set of one's own whether it is in colour.
    private func printCost() throws {
        let (sweep, _, known) = try source.parse()
        let contents = try sweep.datasetNames.map { name in
            let own = Catalogue.dataset(name) == nil ? known[name] : nil
            return (name, DatasetContent(fingerprint: "any", color: try own.map { try ImageFolder.open($0, name: name).color() } ?? .grey))
        }
        let jobs = try sweep.jobs(contents: Dictionary(contents) { first, _ in first })
        let text = try CostText(
            sweep: sweep.name, cost: SweepCost(jobs, counts: SweepSource.counts(of: sweep, in: known), machine: machine),
            tally: MethodTally(jobs, requires: sweep.policy.requires))
        try Terminal.print(json ? try text.json() : text.text, isJSON: json)
    }

    /// Without a coordinator nothing has been run before.
    private func localPlan(_ sweep: SweepFile, _ jobs: JobSequence) -> SubmitResponse {
        var axes = AxisCounts()
        var total = 0
        for planned in jobs {
            axes.add(planned)
            total += 1
        }
        return SubmitResponse(
            sweep: sweep.name, revision: 1, total: total, new: total, reused: 0, queued: 0, withdrawn: 0, axes: axes.counts)
    }

    private func jobLine(_ job: PlannedJob, _ identity: String) -> String {
        let settings = job.job.configuration.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(identity.prefix(12))  \(job.job.method)  \(job.job.dataset)  seed=\(job.job.seed)  \(settings.joined(separator: " "))"
    }

    private func jobJSON(_ job: PlannedJob, _ identity: String) -> String {
        "{\"identity\":\"\(identity)\",\"job\":\(job.job.canonicalJSON)}"
    }
}
