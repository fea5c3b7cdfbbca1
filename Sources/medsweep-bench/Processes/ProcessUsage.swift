import Glibc

/// What a process had used when it ended.
struct ProcessUsage {
    /// Seconds of user and system time.
    let processorSeconds: Double
    /// The most bytes that were resident, if they were watched. The kernel's own number will not do: it counts in what the
    /// process had of its parent's memory before it became another program.
    let peakMemory: Int

    init(_ usage: rusage, peakMemory: Int = 0) {
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        processorSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        self.peakMemory = peakMemory
    }

    /// This process until now.
    static var ours: ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessUsage(usage)
    }
}
