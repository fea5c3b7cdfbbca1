/// Everything that was measured of a queue in one run, as `--json` writes it.
struct QueueReport: Codable {
    var store: String
    /// Synced 4 KiB writes a second of the disk.
    var syncsPerSecond: Double
    var rates: [QueueRate] = []
    /// At shares of the full rate of single leases over the most connections.
    var paced: [QueueRate] = []
    var sizes: [QueueSize] = []
    var idle: IdleWorkers?
    var workers: [WorkerOverhead] = []
    var peers: [PeerRate] = []

    init(store: String, syncsPerSecond: Double) {
        self.store = store
        self.syncsPerSecond = syncsPerSecond
    }
}
