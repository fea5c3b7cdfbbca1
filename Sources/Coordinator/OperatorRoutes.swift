import Catalogue
import Foundation
import Hummingbird
import Sweep
import Wire

extension CoordinatorRoutes {
    func addOperatorRoutes(_ router: Router<CoordinatorContext>) {
        router.get(RouterPath(Routes.health)) { _, _ in
            do {
                try await store.checkWritable()
            } catch {
                throw Problem(status: 503, title: "not healthy", detail: "the store takes no writes: \(error)")
            }
            let disks = [("state", configuration.stateFolder), ("artefacts", artefacts.folder)].compactMap { name, folder in
                DiskSpace.free(folder).map { Health.Disk(folder: name, free: $0, isLow: $0 < DiskSpace.low) }
            }
            return try JSONAnswer.response(
                Health(
                    status: disks.contains(where: \.isLow) ? "degraded" : "ok", version: String(Catalogue.coreVersion), disks: disks))
        }
        addSweepRoutes(router)
        addJobRoutes(router)
        router.get(RouterPath(Routes.events)) { request, _ in
            try JSONAnswer.response(try await events(request.uri.queryParameters))
        }
        router.get(RouterPath(Routes.workers)) { _, _ in
            try JSONAnswer.response(WorkerList(workers: try await store.workers()))
        }
        router.post(RouterPath(Routes.control(worker: ":name"))) { request, context in
            let name = try context.name("name")
            return try JSONAnswer.response(try await store.control(worker: name, controlRequest(request)))
        }
    }

    private func addSweepRoutes(_ router: Router<CoordinatorContext>) {
        router.get(RouterPath(Routes.sweeps)) { _, _ in
            try JSONAnswer.response(SweepList(sweeps: try await store.sweeps()))
        }
        router.post(RouterPath(Routes.sweeps)) { request, _ in
            let (sweep, request) = try await parse(body(request))
            return try JSONAnswer.response(try await store.submit(sweep, request))
        }
        router.post(RouterPath(Routes.plan)) { request, _ in
            let (sweep, request) = try await parse(body(request))
            return try JSONAnswer.response(try await store.plan(sweep, request))
        }
        router.get(RouterPath(Routes.sweep(":name"))) { _, context in
            let name = try context.name("name")
            return try JSONAnswer.response(try await naming { try await store.sweep(name) })
        }
        router.get(RouterPath(Routes.jobs(sweep: ":name"))) { request, context in
            let name = try context.name("name")
            let query = request.uri.queryParameters
            return try JSONAnswer.response(
                try await naming {
                    try await store.jobs(
                        sweep: name, after: query.position(), limit: query.limit(),
                        state: query.value(
                            "state", "one of \(JobState.allCases.map(\.rawValue).joined(separator: ", "))", JobState.init(rawValue:)))
                })
        }
        router.get(RouterPath(Routes.source(sweep: ":name"))) { _, context in
            let name = try context.name("name")
            return try JSONAnswer.response(try await naming { try await store.source(of: name) })
        }
        router.get(RouterPath(Routes.results(sweep: ":name"))) { _, context in
            let name = try context.name("name")
            return JSONAnswer.response(text: try ResultColumns(try await naming { try await store.resultRows(sweep: name) }).json())
        }
        router.post(RouterPath(Routes.control(sweep: ":name"))) { request, context in
            let name = try context.name("name")
            let posted = try await controlRequest(request)
            return try JSONAnswer.response(try await naming { try await store.control(sweep: name, posted) })
        }
    }

    private func addJobRoutes(_ router: Router<CoordinatorContext>) {
        router.get(RouterPath(Routes.job(":identity"))) { _, context in
            try JSONAnswer.response(try await store.job(context.name("identity")))
        }
        router.get(RouterPath(Routes.log(":identity"))) { request, context in
            try JSONAnswer.response(try await log(context.name("identity"), request.uri.queryParameters))
        }
        router.get(RouterPath(Routes.explain(":identity"))) { _, context in
            try JSONAnswer.response(try await store.explain(context.name("identity")))
        }
        router.post(RouterPath(Routes.control(job: ":identity"))) { request, context in
            let identity = try context.name("identity")
            return try JSONAnswer.response(try await store.control(job: identity, controlRequest(request)))
        }
    }

    private func controlRequest(_ request: Request) async throws -> ControlRequest {
        let posted: ControlRequest = try await body(request)
        try RequestBounds.require(posted.priority, in: RequestBounds.priority, "priority")
        try RequestBounds.require(posted.who, "who")
        return posted
    }

    /// Looks again and again for as long as the reader wants to wait, and answers with the last look.
    /// - Parameter look: gives a page, and whether that is what the reader waits for.
    private func waiting<Page>(_ query: Parameters, _ look: () async throws -> (Page, isAwaited: Bool)) async throws -> Page {
        let deadline = ContinuousClock.now + .seconds(try query.wait())
        while true {
            let (page, isAwaited) = try await look()
            if isAwaited || ContinuousClock.now >= deadline || waiters.isClosed || Task.isCancelled { return page }
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    /// Waits for more of a job's log, or its end.
    private func log(_ identity: String, _ query: Parameters) async throws -> LogPage {
        let after = Int64(try query.number("after", in: RequestBounds.event) ?? 0)
        return try await waiting(query) {
            let page = try await store.log(identity, after: after)
            return (page, !page.text.isEmpty || page.isEnded)
        }
    }

    /// Waits for the first event for as long as the reader wants.
    private func events(_ query: Parameters) async throws -> EventPage {
        var from = Int64(try query.number("after", in: RequestBounds.event) ?? 0)
        let limit = try query.limit()
        return try await waiting(query) {
            let place = from
            let page = try await naming {
                try await store.events(
                    after: place, limit: limit, sweep: query["sweep"].map(String.init), job: query["job"].map(String.init))
            }
            from = page.next
            return (page, !page.events.isEmpty)
        }
    }

    /// Names the nearest sweep when there is none of the name asked for.
    func naming<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch StoreError.unknownSweep(let name) {
            let hint = nearestNameHint(for: name, among: try await store.sweepNames())
            throw Problem(status: 404, title: "unknown sweep", detail: "there is no sweep '\(name)'\(hint)")
        }
    }

    /// Parses a sweep file with the data sets that are known here, and completes the request with their contents.
    /// Whatever is wrong with it is found here, before anything is written.
    private func parse(_ request: SubmitRequest) async throws -> (SweepFile, SubmitRequest) {
        try Self.require(request)
        let contents = try await store.knownDatasets().merging(request.contents) { $1 }
        let sweep = try Self.parse(request, among: contents)
        var request = request
        request.contents = contents.filter { sweep.datasetNames.contains($0.key) }
        _ = try sweep.jobs(contents: request.contents)
        return (sweep, request)
    }

    private static func require(_ request: SubmitRequest) throws(Problem) {
        guard request.source.utf8.count <= RequestBounds.sourceBytes else {
            throw Problem(status: 413, title: "too large", detail: "a sweep file may have at most \(RequestBounds.sourceBytes >> 20) MiB; split the sweep")
        }
        try RequestBounds.require(request.file, "file", atMost: RequestBounds.fileLength)
        guard request.overrides.count <= RequestBounds.mostOverrides else {
            throw Problem(status: 400, title: "bad body", detail: "there may be at most \(RequestBounds.mostOverrides) overrides; edit the sweep file")
        }
        for override in request.overrides { try RequestBounds.require(override, "overrides", atMost: RequestBounds.overrideLength) }
        try RequestBounds.require(request.contents, "contents")
    }

    static func parse(_ request: SubmitRequest, among contents: [String: DatasetContent]) throws(SweepFileError) -> SweepFile {
        let custom = contents.keys.sorted().filter { Catalogue.dataset($0) == nil }
        return try SweepFile.parse(
            source: request.source, file: request.file, overrides: request.overrides,
            datasets: Catalogue.datasets + custom.map { .custom($0) })
    }
}
