import Catalogue
import Torch

/// A job's whole work, by which its progress is told: each unit weighed by what it costs.
struct WorkPlan {
    /// A stage, or at the end the scoring.
    struct Part {
        let name: String
        let unit: String
        let total: Int
        let epochs: Int?
        /// What a unit costs, against the others.
        let weight: Double
    }

    let parts: [Part]
    private let whole: Double

    /// - Parameters:
    ///   - images: training images.
    ///   - scored: test images.
    init(_ state: TrainingState, images: Int, scored: Int) {
        let cost = Catalogue.method(state.job.method)?.cost(state.job.configuration)
        let weights = (cost?.stages ?? []) + (cost?.scorerStages ?? [])
        var parts = state.stages.enumerated().map { index, stage -> Part in
            // A stage that is only counted, not worked, must still be seen to move.
            var weight = weights.indices.contains(index) ? max(weights[index].perUnit, 1) : 1
            // What another job has trained is no work of this one.
            if state.hasTakenWeights, index < state.modelStageCount { weight = 0 }
            let total = Trainer.units(of: stage, count: images)
            switch stage {
            case .gradient(let stage):
                let epochs = Trainer.epochs(of: stage, count: images)
                return Part(name: stage.name, unit: "images", total: total, epochs: epochs, weight: weight)
            case .fit(let stage): return Part(name: stage.name, unit: "images", total: total, epochs: nil, weight: weight)
            case .iteration(let stage): return Part(name: stage.name, unit: stage.unit, total: total, epochs: nil, weight: weight)
            }
        }
        parts.append(Part(name: "scoring", unit: "images", total: scored, epochs: nil, weight: max(cost?.scoringPerImage ?? 1, 1)))
        self.parts = parts
        whole = max(parts.reduce(0) { $0 + Double($1.total) * $1.weight }, 1)
    }

    /// How far the job is.
    /// - Parameter hasEndedStage: whether what is told of is the stage that has just ended, and not the beginning of the next.
    func progress(_ state: TrainingState, hasEndedStage: Bool = false, speed: Double? = nil) -> JobProgress {
        let index = hasEndedStage ? state.stage - 1 : min(state.stage, parts.count - 1)
        let part = parts[index]
        let done = hasEndedStage ? part.total : state.isTrained ? state.scoring.count : state.course?.units ?? 0
        let before = parts.prefix(index).reduce(0) { $0 + Double($1.total) * $1.weight }
        let share = min(1, (before + Double(done) * part.weight) / whole)
        var progress = JobProgress(
            stage: part.name, unit: part.unit, done: done, total: part.total, work: state.work, share: share, speed: speed)
        if let epochs = part.epochs {
            (progress.epoch, progress.epochs) = (hasEndedStage ? epochs : state.course?.epochs ?? 0, epochs)
            progress.loss = state.losses.last
        }
        return progress
    }
}
