import Foundation
import TestSupport
import Testing

@testable import Host

@Suite struct SpawnedProcessTests {
    private let shell = URL(filePath: "/bin/sh")

    /// What a script writes to standard output, and how it ends.
    private func run(_ script: String, blocking: [Int32] = [], input: Pipe? = nil) async throws -> (output: String, end: SpawnedProcess.End?) {
        let output = Pipe()
        let process = try SpawnedProcess(shell, ["-c", script], blocking: blocking, input: input, output: output, errors: .standardError)
        let bytes = try await offPool { try output.fileHandleForReading.readToEnd() ?? Data() }
        return (String(decoding: bytes, as: UTF8.self), await process.ended())
    }

    @Test func endingsAreTold() async throws {
        #expect(try await run("exit 7").end == .exit(status: 7))
        #expect(try await run("kill -SEGV $$").end == .signal(SIGSEGV))
        #expect(try await run("echo one").output == "one\n")
        let error = #expect(throws: HostError.self) { try SpawnedProcess(URL(filePath: "/no/such"), [], errors: .standardError) }
        #expect(error?.description.contains("'/no/such'") == true)
    }

    /// What is sent to all processes of a job at once must not end one that has only just begun.
    @Test(arguments: [("TERM", SIGTERM), ("HUP", SIGHUP), ("USR1", SIGUSR1), ("USR2", SIGUSR2), ("INT", SIGINT)] as [(String, Int32)])
    func blockedSignalsEndNothing(_ name: String, _ number: Int32) async throws {
        let script = "kill -\(name) $$; echo alive"
        #expect(try await run(script, blocking: StopSignals.numbers) == ("alive\n", .exit(status: 0)))
        #expect(try await run(script).end == .signal(number), "without being blocked it would")
    }

    /// Not even the ends of other processes' pipes, which would keep those from seeing their parent's end.
    @Test func nothingElseIsOpenInIt() async throws {
        let other = Pipe()
        let listed = try await run("ls /proc/self/fd | wc -l")
        // Its three streams, and the folder that is being listed.
        #expect(listed.output.trimmingCharacters(in: .whitespacesAndNewlines) == "4")
        withExtendedLifetime(other) {}
    }

    @Test func itLeadsAGroupOfItsOwnAndCanBeEnded() async throws {
        let input = Pipe()
        let process = try SpawnedProcess(shell, ["-c", "read line; exit 3"], input: input, errors: .standardError)
        #expect(getpgid(process.number) == process.number && process.end == nil)
        process.send(SIGKILL)
        #expect(await process.ended() == .signal(SIGKILL))
        #expect(process.end == .signal(SIGKILL))
        // The number may be another's by now.
        process.send(SIGKILL)
        withExtendedLifetime(input) {}
    }

    /// A process sees that this one is gone by its input's end.
    @Test func closedInputEndsIt() async throws {
        let input = Pipe()
        let process = try SpawnedProcess(shell, ["-c", "read line && exit 1; exit 5"], input: input, errors: .standardError)
        try input.fileHandleForWriting.close()
        #expect(await process.ended() == .exit(status: 5))
    }

    @Test(.timeLimit(.minutes(5))) func cancelledTasksDoNotWait() async throws {
        let input = Pipe()
        let process = try SpawnedProcess(shell, ["-c", "read line"], input: input, errors: .standardError)
        let waiting = Task { await process.ended() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        try input.fileHandleForWriting.close()
        #expect(await process.ended() != nil)
    }
}
