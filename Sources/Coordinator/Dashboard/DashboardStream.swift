import Foundation
import Logging
import Sweep
import Wire

/// Tells everyone who looks at the dashboard what has changed, as server-sent events. The store is looked at for all
/// listeners together, twice a second, and only while there are any.
actor DashboardStream {
    /// What a listener wants to hear of beside the overview.
    struct Topic: Sendable, Hashable {
        var sweep: String?
        var job: String?
    }

    private struct Listener {
        let topic: Topic
        let isAllowed: @Sendable () -> Bool
        let continuation: AsyncStream<String>.Continuation
        /// What it was last told, by the name of the message.
        var told: [String: String] = [:]
        var isNew = true
        /// Bytes of its job's log that it was told; `nil`: none yet, and only the end is of interest.
        var toldLog: Int64?
    }

    private let store: JobStore
    private let tables: DashboardTables
    private let waiters: LeaseWaiters
    private let logger: Logger
    private var listeners: [Int: Listener] = [:]
    private var nextNumber = 0
    private var isRunning = false
    /// The pause between two looks, while there is one.
    private var nap: Task<Void, Never>?
    /// The last event that was looked at; `nil`: none yet.
    private var lastEvent: Int64?
    /// The newest events.
    private var recent: [Event] = []
    /// Jobs of a sweep at the last look.
    private var totals: [String: Int] = [:]
    /// Sweeps whose tables are being made.
    private var awaitedTables: Set<String> = []

    private static let period = Duration.milliseconds(500)
    private static let heartbeat = Duration.seconds(15)
    private static let recentLimit = 100
    /// More changes than this are not told one by one.
    private static let changeLimit = 2000
    /// Messages that a listener may be behind; beyond that it has to come anew.
    private static let backlog = 256
    /// Bytes of a log with which a page begins.
    private static let logEnd: Int64 = 64 << 10
    /// The most listeners at once.
    private static let most = 500

    init(store: JobStore, waiters: LeaseWaiters, logger: Logger) {
        self.store = store
        self.waiters = waiters
        self.logger = logger
        tables = DashboardTables(store: store)
    }

    func table(of sweep: String) async throws -> DashboardTable { try await tables.table(of: store.sweep(sweep)) }

    /// Events for as long as somebody reads them and `isAllowed`, or until the coordinator stops.
    func listen(_ topic: Topic, isAllowed: @escaping @Sendable () -> Bool) throws -> AsyncStream<String> {
        guard listeners.count < Self.most else {
            throw Problem(status: 503, title: "too many listeners", detail: "\(Self.most) pages follow this coordinator already; close some")
        }
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(Self.backlog))
        let number = nextNumber
        nextNumber += 1
        continuation.onTermination = { [weak self] _ in Task { await self?.leave(number) } }
        continuation.yield(
            "retry: 2000\n" + Self.message("hello", #"{"now":\#(Date().timeIntervalSince1970),"version":"\#(Self.version)"}"#))
        listeners[number] = Listener(topic: topic, isAllowed: isAllowed, continuation: continuation)
        if isRunning {
            // Who opens a page shall not wait for the next look.
            nap?.cancel()
        } else {
            isRunning = true
            Task { await run() }
        }
        return stream
    }

    /// Pages that were served by another start of the program load themselves anew.
    private static let version = UUID().uuidString

    private func leave(_ number: Int) { listeners[number] = nil }

    private func run() async {
        var beaten = ContinuousClock.now
        while !listeners.isEmpty, !waiters.isClosed {
            var isSeen = true
            do {
                try await look()
            } catch {
                isSeen = false
                logger.error("the dashboard could not look at the store: \(error)")
            }
            if .now - beaten > Self.heartbeat {
                beaten = .now
                for number in listeners.keys { send(": still here\n\n", to: number) }
            }
            // Who has come in the meantime is told at once.
            guard !isSeen || !listeners.values.contains(where: \.isNew) else { continue }
            let nap = Task<Void, Never> { try? await Task.sleep(for: Self.period) }
            self.nap = nap
            await nap.value
            self.nap = nil
        }
        for listener in listeners.values { listener.continuation.finish() }
        (listeners, lastEvent, recent, totals) = ([:], nil, [], [:])
        isRunning = false
    }

    // MARK: Looking

    private func look() async throws {
        for (number, listener) in listeners where !listener.isAllowed() {
            listener.continuation.finish()
            listeners[number] = nil
        }
        let (events, isCut) = try await newEvents()
        let statuses = try await store.sweeps()
        let workers = try await store.workers()
        tell("sweeps", try text(statuses.map(SweepLine.init))) { _ in true }
        tell("workers", try text(workers.map { WorkerLine($0, running: statuses.flatMap(\.running)) })) { _ in true }
        try tellEvents(events)
        for name in Set(listeners.values.compactMap(\.topic.sweep)) {
            guard let status = statuses.first(where: { $0.name == name }) else { continue }
            tell("sweep", try text(status)) { $0.sweep == name }
            try await tellGrid(status, events, isCut: isCut)
            tellTable(of: status)
        }
        for identity in Set(listeners.values.compactMap(\.topic.job)) {
            guard let detail = try? await store.job(identity) else { continue }
            tell("job", try text(detail)) { $0.job == identity }
            try await tellLog(of: identity)
        }
    }

    /// What is new of a job's log to each who reads it.
    private func tellLog(of identity: String) async throws {
        var pages: [Int64: LogPage] = [:]
        for (number, listener) in listeners where listener.topic.job == identity {
            let place = listener.toldLog ?? -Self.logEnd
            if pages[place] == nil { pages[place] = try await store.log(identity, after: place) }
            guard let page = pages[place], page.next != listener.toldLog else { continue }
            listeners[number]?.toldLog = page.next
            if !page.text.isEmpty { send(Self.message("joblog", try text(page.text)), to: number) }
        }
    }

    /// Beside the looking: the table of a large sweep takes a while, and nobody else shall wait for it.
    private func tellTable(of status: SweepStatus) {
        let name = status.name
        guard awaitedTables.insert(name).inserted else { return }
        Task {
            defer { awaitedTables.remove(name) }
            do {
                let table = try await tables.table(of: status)
                tell("table", try text(table)) { $0.sweep == name }
            } catch {
                logger.error("the dashboard could not make the table of sweep '\(name)': \(error)")
            }
        }
    }

    private func newEvents() async throws -> (events: [Event], isCut: Bool) {
        guard let last = lastEvent else {
            let page = try await store.events(after: -Int64(Self.recentLimit), limit: Self.recentLimit, sweep: nil, job: nil)
            recent = page.events
            lastEvent = page.next
            return ([], false)
        }
        var page = try await store.events(after: last, limit: Self.changeLimit, sweep: nil, job: nil)
        let isCut = page.events.count >= Self.changeLimit
        if isCut {
            // Those between are in the log, for whoever asks.
            page = try await store.events(after: -Int64(Self.recentLimit), limit: Self.recentLimit, sweep: nil, job: nil)
        }
        lastEvent = page.next
        recent = Array((recent + page.events).suffix(Self.recentLimit))
        return (page.events, isCut)
    }

    private func tellEvents(_ events: [Event]) throws {
        let (all, new) = (try text(recent), events.isEmpty ? nil : try text(events))
        for (number, listener) in listeners {
            if listener.isNew {
                listeners[number]?.isNew = false
                send(Self.message("log", all), to: number)
            } else if let new {
                send(Self.message("log", new), to: number)
            }
        }
    }

    /// Which cells have another state, or that all are to be fetched again.
    private func tellGrid(_ status: SweepStatus, _ events: [Event], isCut: Bool) async throws {
        let name = status.name
        let isOther = totals[name].map { $0 != status.total } ?? false
        totals[name] = status.total
        if isCut || isOther || events.contains(where: { $0.job == nil && $0.sweep == name }) {
            return tellAlways("regrid", "{}") { $0.sweep == name }
        }
        let identities = Set(events.compactMap(\.job)).sorted()
        guard !identities.isEmpty else { return }
        let changes = try await store.gridChanges(sweep: name, jobs: identities)
        if !changes.isEmpty { tellAlways("grid", try text(changes)) { $0.sweep == name } }
    }

    // MARK: Telling

    private func text(_ value: some Encodable) throws -> String { String(decoding: try WireCoding.encode(value), as: UTF8.self) }

    /// Sends what a listener does not know yet.
    private func tell(_ name: String, _ data: String, to isWanted: (Topic) -> Bool) {
        for (number, listener) in listeners where isWanted(listener.topic) && listener.told[name] != data {
            listeners[number]?.told[name] = data
            send(Self.message(name, data), to: number)
        }
    }

    private func tellAlways(_ name: String, _ data: String, to isWanted: (Topic) -> Bool) {
        for (number, listener) in listeners where isWanted(listener.topic) { send(Self.message(name, data), to: number) }
    }

    /// JSON on one line: the encoder writes line ends in strings as `\n`.
    private static func message(_ name: String, _ data: String) -> String { "event: \(name)\ndata: \(data)\n\n" }

    private func send(_ text: String, to number: Int) {
        guard let listener = listeners[number] else { return }
        // What a slow reader misses it could not make up for: it shall begin again.
        if case .dropped = listener.continuation.yield(text) {
            listener.continuation.finish()
            listeners[number] = nil
        }
    }
}

/// A sweep in the overview.
private struct SweepLine: Encodable {
    let name: String
    let submitted: Double
    let jobs: [JobState: Int]
    let total: Int
    let progress: Double
    let remaining: Double?
    let isPaused: Bool
    let isExpanding: Bool

    init(_ status: SweepStatus) {
        name = status.name
        submitted = status.submitted
        jobs = status.jobs
        total = status.total
        progress = status.progress
        remaining = status.remaining
        isPaused = status.isPaused
        isExpanding = status.isExpanding
    }
}

/// A worker and what it works on.
private struct WorkerLine: Encodable {
    let worker: WorkerStatus
    let running: [SweepStatus.RunningJob]

    init(_ worker: WorkerStatus, running: [SweepStatus.RunningJob]) {
        self.worker = worker
        var seen: Set<String> = []
        // A job that several sweeps hold runs once.
        self.running = running.filter { $0.instance == worker.description.instance && seen.insert($0.identity).inserted }
    }
}
