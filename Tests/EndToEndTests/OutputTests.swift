import Foundation
import Testing

/// Standard output and error that are closed, full or read by nobody.
@Suite(.serialized) struct OutputTests {
    private let medsweep = Programs.folder.appending(path: "medsweep").path

    private func shell(_ command: String, in place: Workplace) async throws -> Programs.Outcome {
        try await Programs.run("/bin/sh", ["-c", "PATH='\(Programs.folder.path)':$PATH; \(command)"], in: place.folder)
    }

    @Test(arguments: [
        "methods", "methods --json", "methods ae", "--help", "report --help", "--version", "plan sweep.yaml --data data",
    ])
    func outputThatTakesNothingIsTold(_ command: String) async throws {
        let place = try Workplace()
        _ = try place.write("sweep: s\nfixed: {epochs: 1}\nmatrix: {method: ae, dataset: discs, seed: 0}\n", to: "sweep.yaml")
        for (redirection, reason) in [(">&-", "it is closed"), (">/dev/full", "there is no room left")] {
            let outcome = try await shell("medsweep \(command) \(redirection)", in: place)
            #expect(outcome.status == 74, "\(command) \(redirection): \(outcome.errors)")
            #expect(outcome.errors.hasPrefix("medsweep: cannot write 'standard output': \(reason)"), "\(outcome.errors)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }

    @Test func closedErrorsChangeNothing() async throws {
        let place = try Workplace()
        #expect(try await shell("medsweep methods absent 2>&-", in: place).status == 64)
        #expect(try await shell("medsweep methods 2>&-", in: place).status == 0)
        #expect(try await shell("medsweep status --state absent 2>&- >&- <&-", in: place).status == 66)
        #expect(
            try await shell("medsweep-worker --coordinator http://127.0.0.1:9 --token-file absent --data data 2>&-", in: place)
                .status != 132)
    }

    /// A reader that has enough ends a program without a word, with the code that shells have for that.
    @Test func aClosedPipeEndsQuietly() async throws {
        let place = try Workplace()
        let process = Process()
        process.executableURL = URL(filePath: medsweep)
        process.arguments = ["methods"]
        process.currentDirectoryURL = place.folder
        let (pipe, errors) = (Pipe(), Pipe())
        try pipe.fileHandleForReading.close()
        (process.standardOutput, process.standardError) = (pipe, errors)
        let (end, ended) = AsyncStream.makeStream(of: Never.self)
        process.terminationHandler = { _ in ended.finish() }
        try process.run()
        for await _ in end {}
        #expect(process.terminationStatus == 128 + SIGPIPE)
        #expect(try errors.fileHandleForReading.readToEnd()?.isEmpty ?? true)
    }

    /// A closed place is not taken by the next file that is opened: the queue's database would be printed into.
    @Test func nothingIsPrintedIntoTheDatabase() async throws {
        let place = try Workplace()
        let coordinator = try await ServedCoordinator(in: place.folder, name: "state")
        let file = try place.write(
            "sweep: s\nfixed: {epochs: 1}\nmatrix: {method: ae, dataset: discs, seed: 0}\n", to: "sweep.yaml")
        let submitted = try await shell(
            "medsweep submit '\(file)' --data data --coordinator \(coordinator.address) >&- 2>&-", in: place)
        #expect(submitted.status == 74)
        await coordinator.program.stop()
        for command in ["status", "report s -f csv", "events", "workers --json"] {
            #expect(try await shell("medsweep \(command) --state state >&- 2>&- <&-", in: place).status == 74, "\(command)")
        }
        let status = try await shell("medsweep status --state state", in: place)
        #expect(status.status == 0 && status.output.contains("s  0/1 done"), "\(status.output) \(status.errors)")
        let served = try await shell(
            "medsweep serve --port 0 --state state >&- 2>&- <&- & sleep 1; medsweep status --state state; kill $!; wait", in: place)
        #expect(served.output.contains("s  0/1 done"), "\(served.output) \(served.errors)")
    }
}
