import Foundation
import Testing

@testable import Torch

/// What libtorch computes with, and how a process is limited to some of it.
struct KernelTests {
    private static let key = "TORCH_TESTS_REPORT_TO"

    /// In a process that ``pinnedProcesses()`` starts, writes the kernels and a few results to a file.
    @Test(.enabled(if: ProcessInfo.processInfo.environment[key] != nil)) func reportsForPinnedProcesses() throws {
        let path = try #require(ProcessInfo.processInfo.environment[Self.key])
        LibTorch.threads = 1
        let generator = try Generator(seed: 4)
        let images = try Tensor.normal([8, 16, 24, 24], generator: generator)
        let layer = try Convolution(16, 32, kernel: 3, padding: 1, generator: generator)
        let matrix = try Tensor.normal([200, 300], generator: generator)
        let results: [[Float]] = try Tensor.withoutGradients {
            [
                try layer(images).elements(), try matrix.multipliedMatrix(matrix.transposed()).elements(),
                try matrix.exponential().sum(axes: [0]).elements(),
            ]
        }
        // The 64-bit Fowler-Noll-Vo hash of each.
        let bits = results.map { result in
            result.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1.bitPattern)) &* 1_099_511_628_211 }
        }
        try "\(LibTorch.kernels) \(bits)".write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func report(_ environment: [String: String]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "torch-kernels-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--testing-library", "swift-testing", "--filter", "reportsForPinnedProcesses"]
        process.environment = ProcessInfo.processInfo.environment
            .merging(environment) { $1 }.merging([Self.key: file.path]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// Two processes of one limit compute the same bits; the reported kernels follow the limit.
    @Test(.enabled(if: ProcessInfo.processInfo.environment[key] == nil)) func pinnedProcesses() throws {
        var reports: [InstructionSet: String] = [:]
        for instructions in [InstructionSet.baseline, .avx2] {
            let environment = LibTorch.pinEnvironment(instructions)
            let first = try report(environment)
            #expect(try report(environment) == first)
            reports[instructions] = first
        }
        #if arch(x86_64)
        #expect(try #require(reports[.baseline]).hasPrefix("default+"))
        #expect(reports[.avx2] != reports[.baseline])
        if try report([:]).hasPrefix("avx512+") {
            #expect(try #require(reports[.avx2]).hasPrefix("avx2+"))
        }
        #endif
    }

    @Test func kernelsAreNamedShortly() {
        #expect(LibTorch.kernels.wholeMatch(of: /[a-z0-9]+(\+[a-z0-9_-]+){1,2}/) != nil, "\(LibTorch.kernels)")
    }

    /// Settings for GPUs do no harm where there are none.
    @Test func configuration() throws {
        for precision in MatrixPrecision.allCases { LibTorch.configure(precision: precision) }
        LibTorch.configure()
        #expect(try Tensor.full([2], 3).multipliedMatrix(.full([2], 2)).item() == 12)
    }
}
