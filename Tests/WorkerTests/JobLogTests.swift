import AnomalyDetection
import Catalogue
import Foundation
import Testing
import Wire

@testable import Worker

/// What an attempt writes, and what of it is sent.
@Suite struct JobLogTests {
    @Test func wholeLinesAreSentOnce() throws {
        let log = JobLog()
        #expect(log.piece(after: 0) == nil)
        log.append(Data("one\ntw".utf8))
        let first = try #require(log.piece(after: 0))
        #expect(first == LogPiece(offset: 0, text: "one\n") && first.end == 4)
        #expect(log.piece(after: first.end) == nil)
        log.append(Data("o\nthree\n".utf8))
        let second = try #require(log.piece(after: first.end))
        #expect(second == LogPiece(offset: 4, text: "two\nthree\n"))
        // Whose answer was lost comes again, with what is new behind it.
        log.append(Data("rest".utf8))
        log.finish()
        #expect(log.piece(after: first.end) == LogPiece(offset: 4, text: "two\nthree\nrest"))
        #expect(log.tail == "one\ntwo\nthree\nrest")
    }

    @Test func whatIsTooLongLosesItsBeginning() throws {
        let log = JobLog()
        let line = String(repeating: "x", count: 999) + "\n"
        for _ in 0..<300 { log.append(Data(line.utf8)) }
        let piece = try #require(log.piece(after: 0))
        #expect(piece.end == 300_000 && piece.text.utf8.count == LogPiece.limit && piece.offset == 300_000 - Int64(LogPiece.limit))
        #expect(log.piece(after: 299_000) == LogPiece(offset: 299_000, text: line))
        #expect(log.tail.utf8.count == 16 << 10)
    }

    /// Bytes that are no text, a character cut by a read or by the limit, a zero byte.
    @Test func everythingIsText() throws {
        let log = JobLog()
        let word = Data("ä\n".utf8)
        log.append(word.prefix(1))
        log.append(word.dropFirst())
        log.append(Data([0x61, 0, 0xFF, 0x0A]))
        #expect(log.piece(after: 0)?.text == "ä\na\u{FFFD}\u{FFFD}\n")
        let long = JobLog()
        long.append(Data(String(repeating: "ä", count: 50_000).utf8))
        let piece = try #require(long.piece(after: 0))
        #expect(!piece.text.contains("\u{FFFD}") && piece.end == 100_000)
        // Cut in the middle of a character.
        #expect(long.piece(after: 99_997)?.text == "ä")
    }

    @Test func remarksAreLinesWithTheTime() throws {
        let log = JobLog()
        log.remark("the job\nis held")
        let line = try #require(log.piece(after: 0)).text
        #expect(line.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ the job is held\n/) != nil, "\(line)")
    }

    /// Fast epochs are told now and then, the first and the last of a stage always.
    @Test func journalsAreShort() {
        var lines: [String] = []
        var journal = TrainingJournal(interval: .seconds(3600)) { lines.append($0) }
        let platform = EngineClass.Platform(device: "cpu", libtorch: "2.13.0", kernels: "avx2")
        journal.note(.began(engine: EngineClass(platform: platform, precision: .float32, threads: 2)))
        journal.note(.checkpoint(file: URL(filePath: "/x"), work: 0))
        for epoch in 1...50 {
            journal.note(.progress(JobProgress(
                stage: "training", unit: "images", done: epoch * 20, total: 1000, work: epoch * 20, share: 0.5, epoch: epoch, epochs: 50,
                loss: 0.25, speed: 99.6)))
        }
        journal.note(.evaluation(work: 1000, auc: 0.75))
        journal.note(.checkpoint(file: URL(filePath: "/x"), work: 1000))
        for done in 1...3 {
            journal.note(.progress(JobProgress(stage: "memory bank", unit: "picks", done: done, total: 3, work: 1000 + done, share: 0.9)))
        }
        journal.note(.remark("remarkable"))
        journal.note(.note("done"))
        #expect(lines == [
            "computes on cpu, libtorch 2.13.0, avx2, float32, 2 threads", "wrote a checkpoint",
            "training: epoch 1 of 50: loss 0.25, 100 images/s", "training: epoch 50 of 50: loss 0.25, 100 images/s",
            "training: epoch 50 of 50: AUC 0.7500", "training: epoch 50 of 50: wrote a checkpoint",
            "memory bank: 1 of 3 picks", "memory bank: 3 of 3 picks", "remarkable", "done",
        ])
    }

    @Test func longCurvesAreThinnedEvenly() {
        let short = (1...512).map { CurvePoint(work: $0, loss: 1) }
        #expect(CurvePoint.thinned(short) == short)
        var long = (1...5000).map { CurvePoint(work: $0, loss: 1) }
        for index in stride(from: 99, to: 5000, by: 100) { long[index].auc = 0.5 }
        let thinned = CurvePoint.thinned(long)
        #expect(thinned.count == 512 && thinned.first?.work == 1 && thinned.last?.work == 5000)
        #expect(thinned.filter { $0.auc != nil }.count == 50 && thinned.map(\.work) == thinned.map(\.work).sorted())
        let rated = (1...2000).map { CurvePoint(work: $0, auc: 0.5) }
        #expect(CurvePoint.thinned(rated).count == 512)
    }
}
