import Catalogue
import Datasets
import DurableFiles
import Foundation
import Torch

/// Runs one job from its description to metrics and files.
public enum JobRunner {
    /// Trains, scores and writes the job's files into its work directory.
    ///
    /// - Parameters:
    ///   - report: is told of progress and every checkpoint.
    ///   - shouldStop: asked before every piece of work; once true, the job writes a checkpoint and ends as
    ///     ``TrainingOutcome/stopped(work:)``.
    /// - Throws: ``TrainingError``, `TorchError` or the data set's and file system's errors, each one sentence.
    public static func run(
        _ request: TrainingRequest, report: (TrainingEvent) throws -> Void, shouldStop: () -> Bool
    ) throws -> TrainingOutcome {
        do {
            return try withoutActuallyEscaping(shouldStop) { shouldStop in
                try JobRun(request).run(report: report, shouldStop: shouldStop)
            }
        } catch let error as TorchError where error.isOutOfMemory {
            throw TrainingError(
                "\(request.device) has no memory left for the job: \(error.message); use a smaller batch_size or input_size",
                kind: .outOfMemory)
        }
    }
}

/// One run of a job.
private final class JobRun {
    private let request: TrainingRequest
    private let job: JobDescription
    private let data: JobData
    private let state: TrainingState
    private let trainer: Trainer
    private let plan: WorkPlan
    private let precision: Precision
    private var checkpoints: Checkpoints
    private var pace = Pace()

    init(_ request: TrainingRequest) throws {
        self.request = request
        job = request.job
        let settings = MethodSettings(job.configuration)
        guard job.coreVersion == Catalogue.coreVersion else {
            throw TrainingError(
                "the job is for version \(job.coreVersion) of the training core, this worker has \(Catalogue.coreVersion)")
        }
        precision = try settings[InputOptions.precision]
        LibTorch.threads = request.threads
        let device = try Device(request.device)
        LibTorch.configure(precision: precision == .tf32 ? .tf32 : .float32)
        data = try JobData(request, settings: settings, device: device)
        state = try TrainingState(
            job, data: data.shape, weights: request.weights, device: device,
            features: FeatureCache(
                directory: request.cacheDirectory.deletingLastPathComponent().appending(path: "features"),
                fingerprint: job.fingerprint, limit: request.featureCacheLimit))
        if let weights = request.trainedWeights {
            try state.take(DurableFile.read(weights), name: weights.path)
        } else if let checkpoint = request.checkpoint {
            try state.restore(DurableFile.read(checkpoint), name: checkpoint.path)
        }
        state.inputThreads = request.threads
        trainer = Trainer(state: state, images: data.train, stored: data.stored)
        plan = WorkPlan(state, images: data.train.count, scored: data.test.count)
        checkpoints = Checkpoints(request)
    }

    private var scoring: Scoring {
        Scoring(state, images: data.test, keepsMaps: data.masks != nil || JobFiles.needsMaps(data, request))
    }

    func run(report: (TrainingEvent) throws -> Void, shouldStop: () -> Bool) throws -> TrainingOutcome {
        let engine = EngineClass(
            platform: try Engine.platform(device: request.device), precision: precision, threads: request.threads)
        try report(.began(engine: engine))
        // Of every one before, however often the job has gone on since.
        for earlier in state.engines where earlier != engine { try report(.remark(earlier.goneOnFrom)) }
        if !state.engines.contains(engine) { state.engines.append(engine) }
        if let remark = data.maskRemark { try report(.remark(remark)) }
        try report(.note(course))
        while !state.isTrained {
            if shouldStop() { return try stop(report) }
            let ended = try trainer.advance()
            try tell(report, after: ended)
            if case .epoch = ended { try evaluate(report) }
            if case .stage = ended, !state.isTrained { try report(.note("\(state.stages[state.stage - 1].name) done")) }
            // What is trained is worth a checkpoint before a long scoring.
            let isFinished = state.isTrained && scoring.chunks.count > 1 && request.trainedWeights == nil
            if checkpoints.isDue(state, isEpochDone: ended != .nothing) || isFinished { try checkpoints.write(state, report) }
        }
        try report(.note("scoring \(data.labels.count) test images"))
        let scoring = scoring
        for chunk in scoring.chunks where chunk.lowerBound >= state.scoring.count {
            if shouldStop() { return try stop(report) }
            try scoring.score(chunk, into: &state.scoring)
            try tell(report, after: chunk == scoring.chunks.last ? .epoch : .nothing)
            if checkpoints.isDue(state, isEpochDone: false) { try checkpoints.write(state, report) }
        }
        let result = try finish()
        let metrics = Catalogue.metrics.compactMap { metric in
            result.metrics[metric.name].map { "\(metric.title) \(String(format: "%.4f", $0))" }
        }
        try report(.note("finished after \(String(format: "%.1f", state.trainingSeconds)) s of training: \(metrics.joined(separator: ", "))"))
        return .finished(result)
    }

    private func stop(_ report: (TrainingEvent) throws -> Void) throws -> TrainingOutcome {
        try checkpoints.write(state, report)
        return .stopped(work: state.work)
    }

    /// Tells of the end of an epoch or a stage, or of anything after a second.
    private func tell(_ report: (TrainingEvent) throws -> Void, after ended: Trainer.Ended) throws {
        guard let speed = pace.speed(work: state.work, isDue: ended != .nothing) else { return }
        try report(.progress(plan.progress(state, hasEndedStage: ended == .stage, speed: speed)))
    }

    /// Scores the test images on the way, with the job's own random numbers: however often, the training's are not touched.
    private func evaluate(_ report: (TrainingEvent) throws -> Void) throws {
        guard let every = request.evaluationEpochs, state.losses.count % every == 0, state.stages.count == state.modelStageCount else { return }
        let scores = try Scoring(state, images: data.test, keepsMaps: false).all().scores
        try report(.evaluation(work: state.work, auc: RankingMetrics(scores: scores, labels: data.labels).auc))
    }

    /// What is about to be done, in words.
    private var course: String {
        let images = "\(data.train.count) training and \(data.test.count) test images"
        let parts = plan.parts.dropLast().map { $0.epochs.map { "\($0) epochs" } ?? $0.name }
        let task = if request.trainedWeights != nil {
            "scoring with weights that another job trained"
        } else if state.work > 0 {
            "going on after \(plan.progress(state).summary)"
        } else if parts.isEmpty {
            "nothing to train"
        } else {
            "training " + parts.joined(separator: ", then ")
        }
        return "\(job.method) on \(job.dataset), seed \(job.seed): \(task), \(images), \(request.device), \(Engine.description)"
    }

    private func finish() throws -> TrainingResult {
        let (scoring, labels) = (state.scoring, data.labels)
        let metrics = try JobMetrics.all(scoring, labels: labels, masks: data.masks)
        let weights = request.workDirectory.appending(path: JobFile.weights)
        try DurableFile.write(state.weights(), to: weights)
        return TrainingResult(
            metrics: metrics, losses: state.losses,
            artefacts: try JobFiles(data: data, scoring: scoring, request: request).write(state.model)
                .merging([JobFile.weights: weights]) { $1 },
            trainingSeconds: state.trainingSeconds)
    }
}

/// The numbers of a finished scoring.
enum JobMetrics {
    /// By the names of `Catalogue.metrics`; those of pixels only with masks that mark something.
    static func all(_ scoring: PartialScoring, labels: [Bool], masks: PixelBlock?) throws -> [String: Double] {
        let ranking = try RankingMetrics(scores: scoring.scores, labels: labels)
        func mean(_ label: Bool) -> Double {
            let chosen = zip(scoring.scores, labels).filter { $0.1 == label }.map { $0.0 }
            return chosen.reduce(0, +) / Double(chosen.count)
        }
        var metrics = [
            "auc": ranking.auc, "ap": ranking.averagePrecision,
            "normal_score": mean(false), "abnormal_score": mean(true),
        ]
        if let masks, !scoring.maps.isEmpty {
            let pixels = try masks.withUnsafeBytes {
                try PixelMetrics(scores: scoring.maps, labels: Array($0), width: masks.width, height: masks.height)
            }
            metrics.merge(pixels.byName) { image, _ in image }
        }
        return metrics
    }
}

/// How fast work goes, told at most once a second but at the ends of epochs.
private struct Pace {
    private var lastTold = ContinuousClock.now
    private var lastWork: Int?

    /// Units a second since it was told last; `nil` when it is too early to tell again.
    mutating func speed(work: Int, isDue: Bool) -> Double? {
        let now = ContinuousClock.now
        guard isDue || now - lastTold >= .seconds(1) else { return nil }
        defer { (lastTold, lastWork) = (now, work) }
        let seconds = max((now - lastTold) / .seconds(1), 1e-9)
        return Double(work - (lastWork ?? 0)) / seconds
    }
}

/// When and where a job's checkpoints are written.
private struct Checkpoints {
    private let request: TrainingRequest
    private var last = ContinuousClock.now

    init(_ request: TrainingRequest) { self.request = request }

    func isDue(_ state: TrainingState, isEpochDone: Bool) -> Bool {
        if let every = request.checkpointEpochs { return isEpochDone && !state.losses.isEmpty && state.losses.count % every == 0 }
        guard let seconds = request.checkpointSeconds else { return false }
        return ContinuousClock.now - last >= .seconds(seconds)
    }

    mutating func write(_ state: TrainingState, _ report: (TrainingEvent) throws -> Void) throws {
        let file = request.workDirectory.appending(path: "checkpoint-\(UUID().uuidString).safetensors")
        try DurableFile.write(state.checkpoint(), to: file)
        last = .now
        try report(.checkpoint(file: file, work: state.work))
    }
}
