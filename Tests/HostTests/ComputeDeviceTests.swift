import Host
import Testing

@Suite struct ComputeDeviceTests {
    @Test func namesAreRead() {
        #expect(ComputeDevice("auto") == .automatic && ComputeDevice("cpu") == .cpu && ComputeDevice("cuda") == .cuda(0))
        #expect(ComputeDevice("cuda:3") == .cuda(3) && "\(ComputeDevice.cuda(3))" == "cuda:3")
        for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CUDA:0", "cuda:1 "] { #expect(ComputeDevice(name) == nil) }
    }

    @Test func whatGoesTogether() {
        #expect(ComputeDevice.problem(with: [.automatic]) == nil && ComputeDevice.problem(with: [.cuda(0), .cuda(1)]) == nil)
        #expect(ComputeDevice.problem(with: [.cpu, .cuda(0)])?.contains("--device") == true)
        #expect(ComputeDevice.problem(with: [.automatic, .cuda(0)]) != nil && ComputeDevice.problem(with: [.cpu, .cpu]) != nil)
        #expect(ComputeDevice.problem(with: [.cuda(1), .cuda(1)])?.contains("twice") == true)
    }
}
