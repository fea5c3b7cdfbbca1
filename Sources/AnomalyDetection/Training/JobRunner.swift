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
    ///   - report: is told of every epoch and every checkpoint.
    ///   - shouldStop: asked before every step; once true, the job writes a checkpoint and ends as
    ///     ``TrainingOutcome/stopped(epoch:)``.
    /// - Throws: ``TrainingError``, ``TorchError`` or the data set's and file system's errors, each one sentence.
    public static func run(
        _ request: TrainingRequest, report: (TrainingEvent) throws -> Void, shouldStop: () -> Bool
    ) throws -> TrainingOutcome {
        let job = request.job
        let settings = MethodSettings(job.configuration)
        guard job.coreVersion == Catalogue.coreVersion else {
            throw TrainingError(
                "the job is for version \(job.coreVersion) of the training core, this worker has \(Catalogue.coreVersion)")
        }
        LibTorch.threads = try settings.integer("threads")
        let device = try Device(request.device)
        guard device.isCPU else {
            throw TrainingError("device '\(device)' is not supported by this version of the training core; use cpu")
        }
        let data = try JobData(request, settings: settings)
        let state = try TrainingState(job, weights: request.weights)
        if let weights = request.trainedWeights {
            try state.take(Data(contentsOf: weights), name: weights.path, job: job)
        } else if let checkpoint = request.checkpoint {
            try state.restore(Data(contentsOf: checkpoint), name: checkpoint.path, job: job)
        }
        let trainer = Trainer(state: state, images: data.train, batchSize: try settings.integer("batch_size"))
        var checkpoints = Checkpoints(request)
        try report(.note(course(of: request, data: data, epochs: trainer.epochs, from: state.epoch)))

        var secondsBefore = state.trainingSeconds
        var imagesBefore = state.imagesTrained
        while request.trainedWeights == nil, !trainer.isFinished {
            if shouldStop() {
                try report(checkpoints.write(state.checkpoint(of: job), epoch: state.epoch))
                return .stopped(epoch: state.epoch)
            }
            let isEpochDone = try trainer.advance()
            if isEpochDone {
                let seconds = max(state.trainingSeconds - secondsBefore, 1e-9)
                try report(
                    .progress(
                        epoch: state.epoch, epochs: trainer.epochs, loss: state.losses[state.epoch - 1],
                        imagesPerSecond: Double(state.imagesTrained - imagesBefore) / seconds))
                (secondsBefore, imagesBefore) = (state.trainingSeconds, state.imagesTrained)
                if let every = request.evaluationEpochs, state.epoch % every == 0, !trainer.isFinished {
                    let (scores, labels) = (try scoring(of: state, data: data, request: request, keepingMaps: false).scores, data.labels)
                    try report(.evaluation(epoch: state.epoch, auc: RankingMetrics(scores: scores, labels: labels).auc))
                }
            }
            if checkpoints.isDue(state, isEpochDone: isEpochDone), !trainer.isFinished {
                try report(checkpoints.write(state.checkpoint(of: job), epoch: state.epoch))
            }
        }
        try report(.note("scoring \(data.labels.count) test images"))
        let result = try finish(state, data: data, request: request)
        let metrics = Catalogue.metrics.compactMap { metric in
            result.metrics[metric.name].map { "\(metric.title) \(String(format: "%.4f", $0))" }
        }
        try report(.note("finished after \(String(format: "%.1f", state.trainingSeconds)) s of training: \(metrics.joined(separator: ", "))"))
        return .finished(result)
    }

    /// What is about to be done, in words.
    private static func course(of request: TrainingRequest, data: JobData, epochs: Int, from epoch: Int) -> String {
        let job = request.job
        let images = "\(data.train.count) training and \(data.test.count) test images"
        let task = if request.trainedWeights != nil {
            "scoring with weights that another job trained"
        } else if epoch > 0 {
            "going on after epoch \(epoch) of \(epochs)"
        } else {
            "training \(epochs) epochs"
        }
        return "\(job.method) on \(job.dataset), seed \(job.seed): \(task), \(images), \(request.device), \(Engine.description)"
    }

    /// Scores the test images with the job's own random numbers: however often, the training's are not touched.
    private static func scoring(
        of state: TrainingState, data: JobData, request: TrainingRequest, keepingMaps: Bool
    ) throws -> Scoring {
        try Scoring(
            state.method, images: data.test, seed: UInt64(bitPattern: Int64(request.job.seed)), keepingMaps: keepingMaps)
    }

    private static func finish(
        _ state: TrainingState, data: JobData, request: TrainingRequest
    ) throws -> TrainingResult {
        let scoring = try scoring(
            of: state, data: data, request: request, keepingMaps: data.masks != nil || JobFiles.needsMaps(data, request))
        let labels = data.labels
        let ranking = try RankingMetrics(scores: scoring.scores, labels: labels)
        func mean(_ label: Bool) -> Double {
            let chosen = zip(scoring.scores, labels).filter { $0.1 == label }.map { $0.0 }
            return chosen.reduce(0, +) / Double(chosen.count)
        }
        var metrics = [
            "auc": ranking.auc, "ap": ranking.averagePrecision,
            "normal_score": mean(false), "abnormal_score": mean(true),
        ]
        if let masks = data.masks, !scoring.maps.isEmpty {
            let pixels = try masks.withUnsafeBytes {
                try PixelMetrics(scores: scoring.maps, labels: Array($0), width: masks.width, height: masks.height)
            }
            metrics.merge(pixels.byName) { image, _ in image }
        }

        let weights = request.workDirectory.appending(path: Catalogue.weightsFile)
        try DurableFile.write(state.weights(of: request.job), to: weights)
        return TrainingResult(
            metrics: metrics, losses: state.losses,
            artefacts: try JobFiles(data: data, scoring: scoring, request: request).write(state.method)
                .merging([Catalogue.weightsFile: weights]) { $1 },
            trainingSeconds: state.trainingSeconds)
    }
}

/// When and where a job's checkpoints are written.
private struct Checkpoints {
    private let request: TrainingRequest
    private var last = ContinuousClock.now

    init(_ request: TrainingRequest) { self.request = request }

    func isDue(_ state: TrainingState, isEpochDone: Bool) -> Bool {
        if let every = request.checkpointEpochs { return isEpochDone && state.epoch % every == 0 }
        guard let seconds = request.checkpointSeconds else { return false }
        return ContinuousClock.now - last >= .seconds(seconds)
    }

    mutating func write(_ data: Data, epoch: Int) throws -> TrainingEvent {
        let file = request.workDirectory.appending(path: "checkpoint-\(UUID().uuidString).safetensors")
        try DurableFile.write(data, to: file)
        last = .now
        return .checkpoint(file: file, epoch: epoch)
    }
}
