import Foundation
import TestSupport
import Testing

@testable import Torch

/// The reader of `.pth` and safetensors files against files that PyTorch made (`Tests/Reference/make_weights.py`).
@Suite struct WeightsFileTests {
    static func url(_ file: String) throws -> URL {
        let parts = file.split(separator: ".").map(String.init)
        return try #require(Bundle.module.url(forResource: "Fixtures/\(parts[0])", withExtension: parts[1]))
    }

    @Test(arguments: ["weights-archive.pth", "weights-stream.pth", "weights.safetensors"])
    func readsEveryType(_ name: String) throws {
        let file = try WeightsFile(Self.url(name))
        let tensors = try file.tensors()
        let expected = try Fixture.safetensors("weights")
        #expect(Set(file.names) == Set(expected.keys))
        for (name, tensor) in expected {
            let actual = try #require(tensors[name])
            #expect(actual.shape == tensor.shape, "\(name)")
            #expect(file.shape(of: name) == tensor.shape, "\(name)")
            #expect(try actual.elements(Double.self) == tensor.elements(Double.self), "\(name)")
        }
        guard name.hasSuffix(".pth") else { return }
        let types: [String: DataType] = [
            "stem.weight": .float, "half": .half, "brain": .bfloat16, "double": .double, "bytes": .byte, "int8": .int8,
            "int16": .int16, "int32": .int32, "num_batches_tracked": .int64, "flags": .boolean,
        ]
        for (name, type) in types { #expect(tensors[name]?.dataType == type, "\(name)") }
        // Two tensors of one storage share it here too.
        try #require(tensors["front"]).fill(9)
        #expect(try #require(tensors["back"]).elements(Float.self) == expected["back"]?.elements(Float.self))
    }

    @Test func readsFilesOf2017() throws {
        let file = try WeightsFile(Self.url("weights-2017.pth"))
        #expect(file.names == ["stem.weight", "stem.bias", "transposed", "front", "back"])
        let expected = try Fixture.safetensors("weights")
        for (name, tensor) in try file.tensors() {
            #expect(try tensor.elements(Float.self) == expected[name]?.elements(Float.self), "\(name)")
            #expect(tensor.shape == expected[name]?.shape)
        }
    }

    @Test func findsTheStateOfACheckpoint() throws {
        let file = try WeightsFile(Self.url("checkpoint.pth"))
        #expect(file.names == ["weight", "bias"])
        #expect(try file.tensors { $0 == "bias" }.keys.sorted() == ["bias"])
    }

    /// Every pickle below is a whole file of the older form up to the keys of its storages.
    private static func stream(_ value: String, after prefix: [UInt8] = TensorDirectory.streamPrefix) -> [UInt8] {
        // 1001, {'little_endian': True}, the value, no storages.
        let head: [UInt8] = [0x80, 2, 0x4D, 0xE9, 3, 0x2E] + [0x80, 2] + Array("}U\u{0D}little_endian".utf8) + [0x88, 0x73, 0x2E]
        return prefix + head + [0x80, 2] + value.unicodeScalars.map { UInt8($0.value) } + [0x80, 2, 0x5D, 0x2E]
    }

    @Test(arguments: [
        ("cos\nsystem\n(U\u{04}truetR.", "'os.system'"),
        ("cbuiltins\neval\n(U\u{01}1tR.", "'builtins.eval'"),
        ("ctorch\nload\n(U\u{01}1tR.", "'torch.load'"),
        ("cnumpy.core.multiarray\n_reconstruct\n.", "'numpy.core.multiarray._reconstruct'"),
        ("ctorch._utils\n_rebuild_sparse_tensor\n.", "'torch._utils._rebuild_sparse_tensor'"),
        ("ctorch\nComplexFloatStorage\n.", "'torch.ComplexFloatStorage'"),
        ("I1\n.", "instruction 0x49"), ("(i", "instruction 0x69"), ("\u{93}.", "instruction 0x93"), ("2.", "instruction 0x32"),
        ("}U\u{01}aK\u{01}sU\u{01}aK\u{02}s.", "'a' is in it twice"),
        ("K\u{01}.", "a number"), ("].", "a list"), ("}.", "no dictionary of tensors"), ("K\u{01}K\u{02}.", "in the middle"),
        ("}(U\u{01}au.", "no dictionary"), ("K\u{01}K\u{02}a.", "no list"), (".", "more than it has made"),
        ("h\u{07}.", "value 7"), ("t.", "never began"), ("(K\u{01}(.", "more than it has made"),
        ("})s.", "more than it has made"), ("}}K\u{01}s.", "a dictionary for a key"), ("K\u{01})R.", "a number"),
        ("ccollections\nOrderedDict\n(K\u{01}K\u{02}tR.", "with 2 arguments"),
        ("ctorch._utils\n_rebuild_tensor\n(K\u{01}K\u{02}))tR.", "not in a storage"),
        ("U\u{05}shortQ.", "no storage"), ("\u{80}\u{04}.", "protocol 4"), ("\u{8A}\u{09}123456789.", "9 bytes"),
        ("}U\u{01}actorch\nFloatTensor\n)Rs.", "'a' has no elements"), ("X\u{7F}\u{00}\u{00}\u{00}a.", "breaks off"),
        ("U\u{01}\u{FF}.", "not UTF-8"), ("ctorch", "no end"),
    ])
    func refusesEveryOtherProgram(_ pickle: String, _ reason: String) throws {
        let error = #expect(throws: TorchError.self) { try WeightsFile(Self.stream(pickle), name: "w.pth") }
        #expect(error?.message.hasPrefix("cannot read the weights 'w.pth': ") == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    /// A tensor of a storage of `count` elements of which the file has none or too few.
    private static func tensor(count: String, offset: String = "K\u{00}", shape: String, strides: String) -> String {
        let storage = "(U\u{07}storagectorch\nFloatStorage\nU\u{01}0U\u{03}cpu\(count)tQ"
        return "}U\u{01}actorch._utils\n_rebuild_tensor_v2\n(\(storage)\(offset)\(shape)\(strides)\u{89}ccollections\nOrderedDict\n)RtRs."
    }

    @Test(arguments: [
        (tensor(count: "K\u{04}", shape: "K\u{05}\u{85}", strides: "K\u{01}\u{85}"), "does not fit"),
        (tensor(count: "K\u{04}", offset: "K\u{01}", shape: "K\u{04}\u{85}", strides: "K\u{01}\u{85}"), "does not fit"),
        (tensor(count: "K\u{04}", shape: "K\u{02}\u{85}", strides: "K\u{04}\u{85}"), "does not fit"),
        (tensor(count: "K\u{04}", shape: "K\u{02}K\u{02}\u{86}", strides: "K\u{01}\u{85}"), "does not fit"),
        // One element for a billion.
        (tensor(count: "K\u{04}", shape: "J\u{00}\u{00}\u{00}\u{40}\u{85}", strides: "K\u{00}\u{85}"), "does not fit"),
        (tensor(count: "K\u{04}", offset: "J\u{FF}\u{FF}\u{FF}\u{FF}", shape: "K\u{01}\u{85}", strides: "K\u{01}\u{85}"), "does not fit"),
        (tensor(count: "K\u{04}", shape: "K\u{01}\u{85}", strides: "J\u{FF}\u{FF}\u{FF}\u{FF}\u{85}"), "does not fit"),
        (tensor(
            count: "K\u{04}", shape: "\u{8A}\u{08}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{40}\u{8A}\u{08}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{40}\u{86}",
            strides: "K\u{01}K\u{01}\u{86}"), "does not fit"),
        (tensor(count: "J\u{00}\u{00}\u{00}\u{40}", shape: "K\u{01}\u{85}", strides: "K\u{01}\u{85}"), "longer than the whole file"),
        (tensor(count: "J\u{FF}\u{FF}\u{FF}\u{FF}", shape: "K\u{01}\u{85}", strides: "K\u{01}\u{85}"), "no storage"),
        (tensor(count: "K\u{04}", shape: "K\u{04}\u{85}", strides: "K\u{01}\u{85}"), "storage '0' is missing"),
    ])
    func refusesTensorsOutsideOfTheirStorage(_ pickle: String, _ reason: String) throws {
        let error = #expect(throws: TorchError.self) { try WeightsFile(Self.stream(pickle), name: "w.pth") }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func deepAndRoundValuesDoNotExhaustTheStack() async throws {
        try await offPool {
            let deep = Self.stream(String(repeating: "]", count: 300_000) + String(repeating: "a", count: 299_999) + ".")
            #expect(throws: TorchError.self) { try WeightsFile(deep, name: "deep") }
            let tuples = Self.stream(")" + String(repeating: "\u{85}", count: 300_000) + ".")
            #expect(throws: TorchError.self) { try WeightsFile(tuples, name: "tuples") }
            let round = Self.stream("]q\u{00}h\u{00}a}q\u{01}U\u{01}ah\u{01}s\u{86}.")
            #expect(throws: TorchError.self) { try WeightsFile(round, name: "round") }
        }
    }

    private func replacing(_ old: String, by new: String, in file: String) throws -> [UInt8] {
        var data = try Data(contentsOf: Self.url(file))
        while let range = data.range(of: Data(old.utf8)) { data.replaceSubrange(range, with: Data(new.utf8)) }
        return [UInt8](data)
    }

    @Test func refusesBigEndianNumbers() throws {
        // `little_endian`: True, False.
        var stream = [UInt8](try Data(contentsOf: Self.url("weights-stream.pth")))
        let key = try #require(Data(stream).range(of: Data("little_endian".utf8)))
        let flag = try #require(stream[key.upperBound...].firstIndex(of: 0x88))
        stream[flag] = 0x89
        let error = #expect(throws: TorchError.self) { try WeightsFile(stream, name: "big") }
        #expect(error?.message.contains("big-endian") == true)
    }

    @Test func refusesArchivesThatAreOthers() throws {
        for (old, new, reason) in [
            ("/data.pkl", "/info.pkl", "without data.pkl"), ("data/0", "data/Q", "storage '0' is missing"),
            ("data/1", "data/0", "is in it twice"),
        ] {
            let bytes = try replacing(old, by: new, in: "weights-archive.pth")
            let error = #expect(throws: TorchError.self) { try WeightsFile(bytes, name: "z.pth") }
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
        let cut = [UInt8](try Data(contentsOf: Self.url("weights-archive.pth"))).dropLast(30)
        let error = #expect(throws: TorchError.self) { try WeightsFile(Array(cut), name: "z.pth") }
        #expect(error?.message.contains("cut off") == true, "\(error?.message ?? "")")
    }

    @Test func namesWhatCannotBeOpened() throws {
        let folder = URL.temporaryDirectory
        #expect(throws: TorchError("cannot open the weights '\(folder.path)': it is not a file")) { try WeightsFile(folder) }
        #expect(throws: TorchError.self) { try WeightsFile(folder.appending(path: "none.pth")) }
        let error = #expect(throws: TorchError.self) { try WeightsFile(Array("hello world, how are you".utf8), name: "t.pth") }
        #expect(error?.message == "cannot read the weights 't.pth': it is neither a file of torch.save nor of safetensors")
        #expect(throws: TorchError.self) { try WeightsFile([], name: "empty") }
    }

    /// A damaged file is read or refused with a sentence about it; it never ends the process.
    @Test(arguments: ["weights-archive.pth", "weights-stream.pth", "weights-2017.pth", "checkpoint.pth", "weights.safetensors"])
    func survivesDamage(_ name: String) async throws {
        let whole = [UInt8](try Data(contentsOf: Self.url(name)))
        let (refused, strange) = try await offPool {
            var mutation = Mutation(seed: 4)
            var refused = 0
            var strange: [String] = []
            for round in 0..<1200 {
                let bytes = round < 400 ? Array(whole.prefix(round * whole.count / 400)) : mutation.damaged(whole)
                do {
                    for (_, tensor) in try WeightsFile(bytes, name: "damaged.pth").tensors() { _ = try tensor.elements(Double.self) }
                } catch let error as TorchError {
                    refused += 1
                    if !error.message.contains("'damaged.pth'") || error.message.contains("\n") { strange.append(error.message) }
                }
            }
            return (refused, strange)
        }
        #expect(refused > 800)
        #expect(strange.isEmpty, "\(strange.first ?? "")")
    }
}
