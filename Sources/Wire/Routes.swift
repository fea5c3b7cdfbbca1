/// The paths of the HTTP interface. Paths with a placeholder are functions; the coordinator's router registers
/// the same text with `:name` in the placeholder's place.
public enum Routes {
    /// The version prefix of every route but `/healthz`, `/metrics` and `/openapi.json`.
    public static let prefix = "/v1"
    public static let health = "/healthz"
    /// GET: Prometheus's text format 0.0.4; with tokens for any role.
    public static let metrics = "/metrics"
    /// GET: the OpenAPI 3.1 document of all routes.
    public static let document = "/openapi.json"
    /// GET: all sweeps. POST: submit one (``SubmitRequest`` → ``SubmitResponse``).
    public static let sweeps = "/v1/sweeps"
    /// POST: what a submit would do, changing nothing.
    public static let plan = "/v1/plan"
    /// POST: ask for work (``LeaseRequest`` → ``LeaseResponse``).
    public static let leases = "/v1/leases"

    /// GET `?after=ID&limit=N&sweep=NAME&job=IDENTITY&wait=SECONDS`: ``EventPage``; waits until there is one.
    public static let events = "/v1/events"
    /// GET: ``WorkerList``.
    public static let workers = "/v1/workers"

    /// POST: ``ControlRequest`` (pause, resume) → ``ControlResponse``.
    public static func control(worker name: String) -> String { "/v1/workers/\(name)/control" }
    /// POST: ``ControlRequest`` → ``ControlResponse``.
    public static func control(sweep name: String) -> String { "/v1/sweeps/\(name)/control" }
    /// POST: ``ControlRequest`` → ``ControlResponse``.
    public static func control(job identity: String) -> String { "/v1/jobs/\(identity)/control" }
    /// GET: ``Explanation``.
    public static func explain(_ identity: String) -> String { "/v1/jobs/\(identity)/explain" }

    /// GET: ``SweepStatus``.
    public static func sweep(_ name: String) -> String { "/v1/sweeps/\(name)" }
    /// GET `?after=POSITION&limit=N&state=STATE`: ``JobPage``.
    public static func jobs(sweep name: String) -> String { "/v1/sweeps/\(name)/jobs" }
    /// GET: ``SubmitRequest``: the sweep file that the sweep was last made from, with its overrides.
    public static func source(sweep name: String) -> String { "/v1/sweeps/\(name)/source" }
    /// GET: ``ResultColumns``: every job of a sweep, for tables.
    public static func results(sweep name: String) -> String { "/v1/sweeps/\(name)/results" }
    /// GET: ``JobDetail``. The first eight or more digits of an identity are enough where operators ask.
    public static func job(_ identity: String) -> String { "/v1/jobs/\(identity)" }
    /// GET `?after=BYTES&wait=SECONDS`: ``LogPage``; waits until there is more.
    public static func log(_ identity: String) -> String { "/v1/jobs/\(identity)/log" }
    /// POST: ``HeartbeatRequest`` → ``HeartbeatResponse``.
    public static func heartbeat(_ identity: String) -> String { "/v1/jobs/\(identity)/heartbeat" }
    /// POST: ``CheckpointRequest`` → ``Acknowledgement``.
    public static func checkpoint(_ identity: String) -> String { "/v1/jobs/\(identity)/checkpoint" }
    /// POST: ``ResultRequest`` → ``Acknowledgement``.
    public static func result(_ identity: String) -> String { "/v1/jobs/\(identity)/result" }
    /// POST: ``FailureRequest`` → ``Acknowledgement``.
    public static func failure(_ identity: String) -> String { "/v1/jobs/\(identity)/failure" }
    /// POST: ``ReleaseRequest`` → ``Acknowledgement``.
    public static func release(_ identity: String) -> String { "/v1/jobs/\(identity)/release" }
    /// PUT and GET: raw bytes, verified against their SHA-256. A worker gets what the lease names that ``leaseHeader`` shows.
    public static func artefact(_ sha256: String) -> String { "/v1/artefacts/\(sha256)" }
    /// A header with a job's identity, a blank and the token of a lease of it.
    public static let leaseHeader = "Medsweep-Lease"
}
