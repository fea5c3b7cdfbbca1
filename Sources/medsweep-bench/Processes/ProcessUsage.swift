import Glibc

/// What a process had used when it ended.
struct ProcessUsage {
    /// Seconds of user and system time.
    let processorSeconds: Double
    /// The most bytes that were resident.
    let peakMemory: Int

    init(_ usage: rusage) {
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        processorSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        peakMemory = usage.ru_maxrss << 10
    }

    /// This process until now.
    static var ours: ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessUsage(usage)
    }
}
