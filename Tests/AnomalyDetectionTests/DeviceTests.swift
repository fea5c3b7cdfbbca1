import Catalogue
import Foundation
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Torch

/// Every method keeps to one device: on a simulated accelerator, which refuses whatever is not on it, each is built, trained, fitted
/// and scored, and ends with the numbers of the CPU.
@Suite struct DeviceTests {
    @Test(.enabled(if: SimulatedDevice.isSupported), arguments: SmallJobs.names) func methodsKeepToTheirDevice(_ name: String) async throws {
        try await offPool {
            let device = try SimulatedDevice.install()
            let job = try SmallJobs.job(name)
            let there = try SmallJobs.state(job, device: device)
            #expect(there.model.network.state.allSatisfy { $0.tensor.device == device })
            let trainer = try SmallJobs.trainer(there)
            while !there.isTrained { _ = try trainer.advance() }
            let scores = try SmallJobs.scoring(there, keepsMaps: true).all()
            // With the operators that are called there too. Even so the optimiser's kernels round otherwise, and so small a network
            // goes its own way after a few of Adam's steps, whose first ones have the size of 1 whatever the gradient's.
            let (here, expected) = try LibTorch.$usesPlainOperators.withValue(true) {
                let state = try SmallJobs.trained(job)
                return (state, try SmallJobs.scoring(state, keepsMaps: true).all())
            }
            expectClose(Array(there.losses.prefix(1)), Array(here.losses.prefix(1)), within: 2e-2, "first epoch of \(name)")
            expectClose(there.losses, here.losses, within: 0.1, "losses of \(name)")
            expectClose(scores.scores, expected.scores, within: 0.15, "scores of \(name)")
            #expect(scores.maps.count == expected.maps.count)
            // What was trained there goes on here, and the other way round.
            let resumed = try SmallJobs.state(job)
            try resumed.restore(there.checkpoint(), name: "checkpoint")
            #expect(resumed.isTrained)
        }
    }

    /// Unless kernels are asked for, libtorch chooses: pinned to what every processor has, a training takes twice as long.
    @Test func kernelsAreLeftAloneUnlessAskedFor() throws {
        #expect(try Engine.environment(kernels: "default").isEmpty)
        #expect(try Engine.environment(kernels: "avx2")["ATEN_CPU_CAPABILITY"] == "avx2")
        #expect(try Engine.environment(kernels: "avx512")["ATEN_CPU_CAPABILITY"] == "avx512")
        #expect(throws: TrainingError.self) { try Engine.environment(kernels: "sse") }
    }

    /// A step waits for nothing on the device.
    @Test(.enabled(if: SimulatedDevice.isSupported), arguments: SmallJobs.names) func stepsDoNotWait(_ name: String) async throws {
        try await offPool {
            let device = try SimulatedDevice.install()
            let state = try SmallJobs.state(SmallJobs.job(name), device: device)
            let trainer = try SmallJobs.trainer(state)
            var steps = 0
            while !state.isTrained {
                guard case .gradient = state.stages[state.stage] else {
                    _ = try trainer.advance()
                    continue
                }
                SimulatedDevice.resetCounts()
                let ended = try trainer.advance()
                steps += 1
                // What happens at an epoch's end may look at what it has gathered.
                guard case .nothing = ended else { continue }
                #expect(SimulatedDevice.synchronisationCount == 0, "\(name), step \(steps)")
            }
        }
    }
}
