import Testing

@testable import Torch

struct DeviceTests {
    @Test func names() throws {
        #expect(try Device("cpu") == .cpu)
        #expect(try Device("meta") == .meta)
        for name in ["", "gpu", "cuda:x", "cuda:0:1", "cuda:-1", "cpu:0"] {
            #expect(throws: TorchError.self) { try Device(name) }
        }
    }

    /// What is listed can be described; what is not there is refused by one sentence that says why.
    @Test func available() throws {
        let devices = Device.available()
        #expect(devices.first == .cpu)
        for device in devices { #expect(try #require(device.hardware).memory > 0) }
        #expect(Device.meta.hardware == nil)
        guard devices.count == 1 else { return }
        let error = #expect(throws: TorchError.self) { try Device("cuda:0") }
        #expect(error?.message.hasPrefix("device 'cuda:0' cannot be used: ") == true)
        #expect(error?.message.hasSuffix("; use cpu") == true)
    }

    @Test func metaTensorsHaveNoElements() throws {
        let tensor = try Tensor.zeros([2, 3], device: .meta)
        #expect(tensor.description == "float[2, 3] on meta")
        #expect(try (tensor + 1).sum(axes: [0]).shape == [3])
        let messages = [
            #expect(throws: TorchError.self) { try tensor.elements(Float.self) },
            #expect(throws: TorchError.self) { try tensor.sum().item() },
        ]
        for error in messages { #expect(error?.message.contains("no elements") == true) }
        #expect(throws: TorchError.self) { try tensor.withUnsafeBytes { $0.count } }
        #expect(throws: TorchError.self) { try tensor.to(.cpu) }
        #expect(throws: TorchError.self) { try Safetensors([("t", tensor)]).encoded() }
    }

    /// Numbers come from the stream in the same order wherever they are wanted.
    @Test func drawsAreMoved() throws {
        let (one, other) = (try Generator(seed: 3), try Generator(seed: 3))
        func draw(_ generator: Generator, _ device: Device) throws {
            let drawn = [
                try Tensor.uniform([3], generator: generator, device: device),
                try Tensor.normal([17], generator: generator, device: device),
                try Tensor.bernoulli([5], probability: 0.3, generator: generator, device: device),
                try Tensor.randomPermutation(9, generator: generator, device: device),
                try Tensor.zeros([4], type: .double, device: device),
            ]
            try drawn[4].fillNormal(mean: 1, deviation: 2, generator: generator)
            try drawn[0].fillUniform(-1...1, generator: generator)
            #expect(drawn.allSatisfy { $0.device == device })
        }
        try draw(one, .cpu)
        try draw(other, .meta)
        #expect(try one.state().elements(UInt8.self) == other.state().elements())
    }

    @Test func outOfMemory() throws {
        let error = #expect(throws: TorchError.self) { try Tensor.zeros([1 << 50]) }
        #expect(error?.isOutOfMemory == true)
        #expect(TorchError("a wrong shape").isOutOfMemory == false)
    }

    /// Constants that an operation makes have the type of its input.
    @Test func constantsFollowTheirInput() throws {
        #expect(try Tensor.full([3], 0.5, type: .double).binaryCrossEntropy(target: 1).dataType == .double)
    }
}
