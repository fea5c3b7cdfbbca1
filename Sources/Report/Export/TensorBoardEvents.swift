import Catalogue
import Foundation

/// A run as a TensorBoard event file: TFRecords of `Event` messages with scalars, and the settings and the outcome for the
/// HParams page.
struct TensorBoardEvents {
    let run: ExportedRun

    /// TensorBoard takes every file with `tfevents` in its name, and orders a run's files by what follows.
    var fileName: String { "events.out.tfevents.\(Int(run.times.started)).\(run.row.identity.prefix(12))" }

    var data: Data {
        var data = Data()
        func append(_ event: ProtobufMessage) { data.append(contentsOf: Self.record(event.bytes)) }
        let started = run.times.started
        append(event(at: started) { $0.add(3, "brain.Event:2") })
        append(summary(hyperparameters("_hparams_/session_start_info", field: 3, sessionStart), at: started, step: 0))
        for entry in run.losses {
            append(summary(scalar("loss", entry.loss), at: entry.at, step: entry.epoch))
        }
        guard run.row.state.isFinal else { return data }
        let ended = run.times.ended ?? started
        for metric in run.metrics {
            append(summary(scalar("metrics/\(metric.name)", metric.value), at: ended, step: run.lastEpoch))
        }
        append(summary(hyperparameters("_hparams_/session_end_info", field: 4, sessionEnd(ended)), at: ended, step: 0))
        return data
    }

    /// Length, checksum of the length, bytes, checksum of the bytes.
    static func record(_ bytes: [UInt8]) -> [UInt8] {
        let length = UInt64(bytes.count).littleEndianBytes
        return length + CRC32C.masked(length).littleEndianBytes + bytes + CRC32C.masked(bytes).littleEndianBytes
    }

    // MARK: Messages

    /// `tensorflow.Event`: 1 wall_time, 2 step, 3 file_version, 5 summary.
    private func event(at seconds: Double, step: Int = 0, _ content: (inout ProtobufMessage) -> Void) -> ProtobufMessage {
        var event = ProtobufMessage()
        event.add(1, seconds)
        if step != 0 { event.add(2, Int64(step)) }
        content(&event)
        return event
    }

    /// `tensorflow.Summary`: 1 value.
    private func summary(_ value: ProtobufMessage, at seconds: Double, step: Int) -> ProtobufMessage {
        var summary = ProtobufMessage()
        summary.add(1, value)
        return event(at: seconds, step: step) { $0.add(5, summary) }
    }

    /// `Summary.Value`: 1 tag, 2 simple_value.
    private func scalar(_ tag: String, _ number: Double) -> ProtobufMessage {
        var value = ProtobufMessage()
        value.add(1, tag)
        value.add(2, Float(number))
        return value
    }

    /// `Summary.Value` with a message of the HParams plugin: 9 metadata, in it 1 plugin_data of 1 plugin_name and 2 content.
    private func hyperparameters(_ tag: String, field: Int, _ message: ProtobufMessage) -> ProtobufMessage {
        var content = ProtobufMessage()
        content.add(field, message)
        var plugin = ProtobufMessage()
        plugin.add(1, "hparams")
        plugin.add(2, content)
        var metadata = ProtobufMessage()
        metadata.add(1, plugin)
        var value = ProtobufMessage()
        value.add(1, tag)
        value.add(9, metadata)
        return value
    }

    /// `SessionStartInfo`: 1 hparams, a map to `google.protobuf.Value`; 5 start_time_secs.
    private var sessionStart: ProtobufMessage {
        var info = ProtobufMessage()
        for parameter in run.parameters {
            var value = ProtobufMessage()
            switch parameter.value {
            case .integer(let number): value.add(2, Double(number))
            case .number(let number): value.add(2, number)
            case .boolean(let flag): value.add(4, flag)
            case .text(let text): value.add(3, text)
            }
            var entry = ProtobufMessage()
            entry.add(1, parameter.name)
            entry.add(2, value)
            info.add(1, entry)
        }
        info.add(5, run.times.started)
        return info
    }

    /// `SessionEndInfo`: 1 status (1 success, 2 failure), 2 end_time_secs.
    private func sessionEnd(_ seconds: Double) -> ProtobufMessage {
        var info = ProtobufMessage()
        info.add(1, run.row.state == .done ? 1 : 2 as Int64)
        info.add(2, seconds)
        return info
    }
}
