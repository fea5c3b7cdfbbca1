import Catalogue
import Foundation
import Sweep
import Testing
import Wire

/// The results of a sweep as they go over the wire.
@Suite struct ResultColumnsTests {
    /// What is written by hand is read as what was meant: every bit of a number, every character of a name.
    @Test func textAndEncoderAgree() throws {
        let values: [Double?] = [0.1 + 0.2, 1e-300, 5e-324, 1, 0, -0.0, 1.7976931348623157e308, 1e21, 123_456_789.125, nil]
        let rows = ["ae", "v\"\\\u{1F600}\n"].flatMap { method in
            values.enumerated().map { seed, value in
                ResultRow(
                    identity: String(repeating: "\(seed)", count: 64),
                    job: JobDescription(method: method, configuration: ["epochs": 2], dataset: "brain/é", fingerprint: "f", seed: seed - 3),
                    state: value == nil ? .pending : .done, metrics: value.map { ["auc": $0, "pixel_ap": $0 / 2] },
                    engine: value.map { _ in seed % 3 == 0 ? .graphics : .processor })
            }
        }
        let columns = ResultColumns(rows)
        let read = try WireCoding.decode(ResultColumns.self, from: Data(columns.json().utf8))
        #expect(try read == columns && read == WireCoding.decode(ResultColumns.self, from: WireCoding.encode(columns)))
        #expect(read.rows.map { $0.metrics?["auc"]?.bitPattern } == rows.map { $0.metrics?["auc"]?.bitPattern })
        #expect(read.rows.map(\.engine) == rows.map(\.engine) && read.engines.count == 2)
        #expect(read.rows.map(\.identity) == rows.map(\.identity) && read.rows.map(\.job) == rows.map(\.job))
        #expect(try ResultColumns([]).json() == #"{"engines":[],"groups":[]}"#)
    }
}
