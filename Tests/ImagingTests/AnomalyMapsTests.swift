import Foundation
import TestSupport
import Testing

@testable import Imaging

@Suite struct AnomalyMapsTests {
    private static func sample(count: Int = 3) -> AnomalyMaps {
        let values = (0..<count * 35).map { Float(($0 * 37) % 101) / 7 - 2 }
        return AnomalyMaps(count: count, height: 5, width: 7, values: values)
    }

    /// A map comes back within half a step of its depth, its ends exactly.
    @Test(arguments: AnomalyMaps.Depth.allCases) func valuesComeBack(_ depth: AnomalyMaps.Depth) throws {
        let maps = AnomalyMapsTests.sample()
        let back = try AnomalyMaps([UInt8](maps.encoded(depth: depth)), name: "maps")
        #expect(back.count == 3 && back.height == 5 && back.width == 7)
        let (low, high) = (maps.values.min()!, maps.values.max()!)
        let step = (high - low) / Float((1 << depth.rawValue) - 1)
        for (value, other) in zip(maps.values, back.values) { #expect(abs(value - other) <= step / 2 + 2e-6) }
        #expect(back.values.min() == low && back.values.max() == high)
        let (one, other) = (try back.encoded(depth: depth), try maps.encoded(depth: depth))
        #expect(one == other)
    }

    /// The bytes as documented, so that other programs can read them: zlib's stream of 16-bit codes 0, 65535, 32768 with
    /// the upper bytes first.
    @Test func layoutIsAsDocumented() throws {
        let data = [UInt8](try AnomalyMaps(count: 1, height: 1, width: 3, values: [1, 3, 2.0001]).encoded())
        #expect(data[..<8].elementsEqual("MSWPMAPS".utf8))
        #expect(data[8..<28].elementsEqual([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 16, 0, 0, 0]))
        #expect(data[28..<36].elementsEqual([0, 0, 0x80, 0x3F, 0, 0, 0x40, 0x40]))
        var stream = try Inflation(data, from: 36)
        var codes = [UInt8](repeating: 0, count: 6)
        let (isFilled, isAtEnd) = (stream.fill(&codes), stream.isAtEnd())
        #expect(isFilled && isAtEnd)
        #expect(codes[..<5] == [0, 0xFF, 0x80, 0, 0xFF])
    }

    @Test func constantAndNoMaps() throws {
        let constant = AnomalyMaps(count: 1, height: 2, width: 2, values: [0.5, 0.5, 0.5, 0.5])
        let extreme = AnomalyMaps(
            count: 1, height: 1, width: 2, values: [-Float.greatestFiniteMagnitude, .greatestFiniteMagnitude])
        let none = AnomalyMaps(count: 0, height: 2, width: 2, values: [])
        for maps in [constant, extreme, none] {
            let back = try AnomalyMaps([UInt8](maps.encoded()), name: "maps")
            #expect(back == maps)
        }
    }

    @Test func valuesThatAreNoNumbersAreRefused() {
        for value in [Float.nan, .infinity, -.infinity] {
            #expect(throws: ImagingError.self) { try AnomalyMaps(count: 1, height: 1, width: 1, values: [value]).encoded() }
        }
    }

    @Test func filesAreWrittenAndRead() throws {
        let file = URL.temporaryDirectory.appending(path: "maps-\(UUID().uuidString).bin")
        defer { try? FileManager.default.removeItem(at: file) }
        try AnomalyMapsTests.sample().write(to: file)
        #expect(try AnomalyMaps(file).count == 3)
        let error = #expect(throws: ImagingError.self) { try AnomalyMaps(file.appendingPathExtension("gone")) }
        #expect(error?.description.contains(file.path) == true)
    }

    /// Sizes that would take much memory, or overflow, are refused before any is taken.
    @Test(arguments: [
        [0x0FFF_FFFF, 5, 7], [3, .max, .max], [3, 0, 7], [3, 5, 0], [.max, 1, 1], [.max, .max, .max], [4, 5, 7], [2, 5, 7], [1 << 28, 1, 1],
    ] as [[UInt32]])
    func liesAboutTheSizeAreRefused(_ sizes: [UInt32]) throws {
        var bytes = [UInt8](try AnomalyMapsTests.sample().encoded())
        for (index, size) in sizes.enumerated() {
            withUnsafeBytes(of: size.littleEndian) { bytes.replaceSubrange(12 + 4 * index..<16 + 4 * index, with: $0) }
        }
        let error = #expect(throws: ImagingError.self) { try AnomalyMaps(bytes, name: "maps-7") }
        #expect(error?.description.contains("maps-7") == true)
    }

    @Test func damagedFilesAreReadOrRefused() async throws {
        let whole = [UInt8](try AnomalyMapsTests.sample(count: 20).encoded())
        let complaints = try await offPool { () -> [String] in
            var mutation = Mutation(seed: 9)
            var complaints: [String] = []
            for round in 0..<3000 {
                let head = round % 2 == 0 ? 36 : whole.count
                let bytes = mutation.damaged(Array(whole[..<head])) + whole[head...]
                do throws(ImagingError) {
                    let maps = try AnomalyMaps(bytes, name: "maps-7")
                    if maps.values.count != maps.count * maps.height * maps.width { complaints.append("\(maps.values.count)") }
                    if !maps.values.allSatisfy(\.isFinite) { complaints.append("not a number") }
                } catch {
                    if !error.description.contains("maps-7") { complaints.append(error.description) }
                }
            }
            for length in 0..<whole.count where (try? AnomalyMaps(Array(whole[..<length]), name: "maps-7")) != nil {
                complaints.append("cut to \(length)")
            }
            return complaints
        }
        #expect(complaints == [])
    }
}
