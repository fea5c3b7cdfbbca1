import AnomalyDetection
import Foundation
import Host
import Sweep
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// The training process: reads one request from standard input, trains, tells its worker by lines on standard output.
public enum ChildMain {
    private static let shouldStop = Atomic(false)

    /// Runs to the end and returns the exit code.
    public static func run() -> Int32 {
        // Its worker is told to end too, and tells it. Signals that came before now are blocked, and gone with this.
        for number in StopSignals.numbers { signal(number, SIG_IGN) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        // Lines go to a copy of standard output; what a library prints there goes to standard error instead.
        let descriptor = dup(STDOUT_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO)
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        signal(SIGPIPE, SIG_IGN)
        let encoder = JSONEncoder()
        func tell(_ message: ChildMessage) throws {
            try output.write(contentsOf: encoder.encode(message) + Data("\n".utf8))
        }
        do {
            guard let line = readLine(strippingNewline: true) else {
                throw TrainingError("the worker sent no request")
            }
            let request = try JSONDecoder().decode(TrainingRequest.self, from: Data(line.utf8))
            listenToParent()
            var journal = TrainingJournal()
            let outcome = try JobRunner.run(request) { event in
                journal.note(event)
                // Everything else is for the job's log only.
                if case .note = event { return }
                try tell(.event(event))
            } shouldStop: {
                shouldStop.load(ordering: .relaxed)
            }
            try tell(.outcome(outcome, peakMemory: peakMemory))
            return 0
        } catch {
            try? tell(.error("\(error)", kind: FailureKind(of: error)))
            return 1
        }
    }

    /// Standard input ends when the worker is gone, however it went; a job without a worker is of no use.
    private static func listenToParent() {
        Thread.detachNewThread {
            while let line = readLine() {
                if line == StopOrder.leaveLine { shouldStop.store(true, ordering: .relaxed) }
            }
            _exit(70)
        }
    }

    /// The most memory that this process has used, in bytes.
    private static var peakMemory: Int64 {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return Int64(usage.ru_maxrss) * 1024
    }
}
