import Foundation

/// The Python that PyTorch is installed for, and the folder of the scripts.
struct Python {
    let executable: String
    let scripts: URL
    /// Added to the environment, e.g. the library path of the BLAS that we use ourselves: the comparison is of the
    /// programs, not of two BLAS libraries.
    let environment: [String: String]

    /// The place of a script.
    func script(_ name: String) -> String { scripts.appending(path: name).path }

    /// Runs a script and returns its standard output.
    /// - Throws: ``BenchError`` when it cannot be run or fails; its standard error has gone to ours.
    @discardableResult
    func run(_ script: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = [self.script(script)] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw BenchError("cannot run '\(executable)': \(error.localizedDescription); `make bench` installs it")
        }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw BenchError("\(script) failed with status \(process.terminationStatus)")
        }
        return data
    }
}
