/// What a machine is taken to achieve when a sweep's hours are estimated.
public struct Machine: Sendable, Hashable, Codable {
    /// What people call it.
    public var name: String
    /// Floating-point operations in a second, in 10¹², that training keeps up; a multiply-accumulate is two.
    public var sustainedTeraflops: Double
    /// The least seconds that a batch takes: small networks wait for their many small kernels to be launched.
    public var secondsPerStep: Double

    public init(name: String, sustainedTeraflops: Double, secondsPerStep: Double) {
        self.name = name
        self.sustainedTeraflops = sustainedTeraflops
        self.secondsPerStep = secondsPerStep
    }

    /// An NVIDIA T4 as the study's code was seen to use one: DAE on RSNA at 64 pixels, 8.7·10¹⁵ multiply-accumulates, took
    /// 82 minutes; AE on RSNA, 15,250 steps of next to no arithmetic, 1.6 minutes.
    public static let t4 = Machine(name: "NVIDIA T4", sustainedTeraflops: 3.5, secondsPerStep: 0.006)

    /// Seconds that a job takes: its arithmetic, or its steps if those take longer.
    public func seconds(_ cost: JobCost) -> Double {
        max(2 * cost.multiplyAccumulates / (sustainedTeraflops * 1e12), cost.steps * secondsPerStep)
    }
}
