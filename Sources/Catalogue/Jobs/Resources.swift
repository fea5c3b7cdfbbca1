/// What a job asks of its worker.
public struct JobResources: Codable, Sendable, Hashable {
    /// Compute threads.
    public var threads: Int
    /// Bytes of main memory.
    public var memory: Int64
    /// Bytes of a GPU's memory, where the job runs on one.
    public var gpuMemory: Int64

    public init(threads: Int, memory: Int64, gpuMemory: Int64) {
        self.threads = threads
        self.memory = memory
        self.gpuMemory = gpuMemory
    }
}

/// What a worker offers, or has left. Both ends place jobs by the same rule, so that a coordinator gives no more than fits.
public struct WorkerResources: Codable, Sendable, Hashable {
    /// Compute threads.
    public var threads: Int
    /// Bytes of main memory.
    public var memory: Int64
    /// Bytes of memory of each GPU, by its number; empty for a worker that computes on its processor.
    public var gpus: [Int64]

    public init(threads: Int, memory: Int64, gpus: [Int64] = []) {
        self.threads = threads
        self.memory = memory
        self.gpus = gpus
    }

    /// Where a job is placed.
    public enum Place: Codable, Sendable, Hashable {
        case cpu
        /// The GPU's number.
        case gpu(Int)
    }

    /// Where a job would go: on the GPU with the most room, among equals the first. `nil`: it does not fit.
    public func place(for job: JobResources) -> Place? {
        guard job.threads <= threads, job.memory <= memory else { return nil }
        guard let roomiest = gpus.indices.max(by: { (gpus[$0], $1) < (gpus[$1], $0) }) else { return .cpu }
        return gpus[roomiest] >= job.gpuMemory ? .gpu(roomiest) : nil
    }

    /// Takes what a job needs away, if it fits.
    /// - Returns: where it goes.
    public mutating func take(_ job: JobResources) -> Place? {
        guard let place = place(for: job) else { return nil }
        threads -= job.threads
        memory -= job.memory
        if case .gpu(let number) = place { gpus[number] -= job.gpuMemory }
        return place
    }

    /// Gives back what a job took.
    public mutating func giveBack(_ job: JobResources, at place: Place) {
        threads += job.threads
        memory += job.memory
        if case .gpu(let number) = place { gpus[number] += job.gpuMemory }
    }
}
