import ArgumentParser
import Catalogue
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
        var (sweep, request) = try source.request()
        let absent = sweep.datasetNames.filter { request.fingerprints[$0] == nil }
        let plan: SubmitResponse
        if connection.exists, absent.isEmpty || connection.coordinator != nil {
            let request = request
            plan = try await connection.withClient { client in try await client.plan(request) }
        } else {
            plan = try localPlan(sweep, fingerprints: placeholders(for: absent, in: &request))
        }
        if jobs {
            // Jobs of data sets that are not here have no identity yet.
            for job in try sweep.jobs(fingerprints: placeholders(for: absent, in: &request)) {
                let identity = absent.contains(job.job.dataset) ? "-" : job.identity
                Terminal.print(json ? jobJSON(job, identity) : jobLine(job, identity))
            }
            return
        }
        Terminal.print(json ? String(decoding: try WireCoding.encode(plan), as: UTF8.self) : text(plan))
        if !absent.isEmpty, connection.coordinator == nil {
            Terminal.note("not found, so nothing of theirs can be known to be finished: \(absent.joined(separator: ", ")); see --data")
        }
    }

    /// No coordinator is asked, and no image is read, for what jobs take does not depend on either.
    private func printCost() throws {
        let (sweep, _, known) = try source.parse()
        let fingerprints = Dictionary(sweep.datasetNames.map { ($0, "any") }) { first, _ in first }
        let text = try CostText(
            sweep: sweep.name,
            cost: SweepCost(
                sweep.jobs(fingerprints: fingerprints), counts: SweepSource.counts(of: sweep, in: known), machine: machine))
        Terminal.print(json ? try text.json() : text.text)
    }

    /// Fingerprints with a place-holder for what is not here.
    private func placeholders(for absent: [String], in request: inout SubmitRequest) -> [String: String] {
        request.fingerprints.merging(absent.map { ($0, "absent") }) { first, _ in first }
    }

    /// Without a coordinator nothing has been run before.
    private func localPlan(_ sweep: SweepFile, fingerprints: [String: String]) throws -> SubmitResponse {
        var axes = AxisCounts()
        var total = 0
        for planned in try sweep.jobs(fingerprints: fingerprints) {
            axes.add(planned)
            total += 1
        }
        return SubmitResponse(
            sweep: sweep.name, total: total, new: total, reused: 0, queued: 0, withdrawn: 0, axes: axes.counts)
    }

    private func text(_ plan: SubmitResponse) -> String {
        var lines = ["sweep \(plan.sweep)"]
        let first = ["method", "dataset", "seed"]
        let width = plan.axes.keys.map(\.count).max() ?? 0
        for axis in first + plan.axes.keys.filter({ !first.contains($0) }).sorted() {
            guard let values = plan.axes[axis] else { continue }
            let sorted = values.sorted { $0.key.localizedStandardCompare($1.key) == .orderedAscending }
            let shown = sorted.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
            lines.append("  \(axis.padding(toLength: width, withPad: " ", startingAt: 0))  \(shown)")
        }
        var counts = ["\(plan.new) new", "\(plan.reused) finished before"]
        if plan.queued > 0 { counts.append("\(plan.queued) queued already") }
        if plan.withdrawn > 0 { counts.append("\(plan.withdrawn) would be withdrawn") }
        lines.append("  \(plan.total) jobs: \(counts.joined(separator: ", "))")
        return lines.joined(separator: "\n")
    }

    private func jobLine(_ job: PlannedJob, _ identity: String) -> String {
        let settings = job.job.configuration.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(identity.prefix(12))  \(job.job.method)  \(job.job.dataset)  seed=\(job.job.seed)  \(settings.joined(separator: " "))"
    }

    private func jobJSON(_ job: PlannedJob, _ identity: String) -> String {
        "{\"identity\":\"\(identity)\",\"job\":\(job.job.canonicalJSON)}"
    }
}
