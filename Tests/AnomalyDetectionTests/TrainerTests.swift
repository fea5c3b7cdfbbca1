import Foundation
import TestSupport
import Testing

@testable import AnomalyDetection
@testable import Catalogue
@testable import Torch

/// What the training core promises of every method.
struct TrainerTests {
    @Test func lastBatchOfOneJoinsTheOneBefore() {
        #expect(Trainer.batches(count: 10, size: 4) == [0..<4, 4..<8, 8..<10])
        #expect(Trainer.batches(count: 9, size: 4) == [0..<4, 4..<9])
        #expect(Trainer.batches(count: 4, size: 4) == [0..<4])
        #expect(Trainer.batches(count: 3, size: 4) == [0..<3])
    }

    /// The catalogue and the training core know the same methods, whose stages are those that the catalogue counts, and each is made
    /// from its defaults.
    @Test(arguments: SmallJobs.names) func methodsAreWhatTheCatalogueSays(_ name: String) async throws {
        try await offPool {
            #expect(Catalogue.methods.map(\.name) == SmallJobs.names)
            let description = try #require(Catalogue.method(name))
            let method = try #require(MethodRegistry.method(name))
            let settings = MethodSettings(description.resolve(["weights": "random"], for: .custom("any")))
            _ = try method.make(
                settings,
                context: ModelContext(
                    generator: Generator(seed: 0),
                    data: DataShape(count: 9, channels: settings.channels, side: settings.inputSize)))
            let job = try SmallJobs.job(name)
            let state = try SmallJobs.state(job)
            let cost = description.cost(job.configuration)
            #expect((cost.stages + cost.scorerStages).map(\.name) == state.stages.map(\.name))
            #expect(cost.stages.count == state.modelStageCount)
            for (stage, expected) in zip(state.stages, cost.stages + cost.scorerStages) {
                #expect(Double(Trainer.units(of: stage, count: 11)) == expected.course(over: 11).units, "\(stage.name)")
            }
            #expect((job.training == nil) == cost.stages.isEmpty)
        }
    }

    /// Jobs that differ in how they are scored only share one training: each leaves the very weights of the other, and scores the
    /// other's as its own.
    @Test(arguments: [
        ("ae", "ae-grad", [:] as Settings), ("vae", "vae-grad-rec", [:]), ("vae", "vae-grad-kl", [:]), ("vae", "vae-grad-elbo", [:]),
        ("vae", "vae-grad-combi", [:]), ("vae", "vae", ["score_sampling": false]), ("ae", "ae", ["score": "max"]),
        ("ae", "ae", ["score": "top1%"]), ("ae-ssim", "ae-ssim", ["map_stretching": false]),
        ("ganomaly", "ganomaly", ["score_statistics": "running"]), ("patchcore", "patchcore", ["reweight": 3]),
        ("patchcore", "patchcore", ["map_smoothing": 0]),
    ])
    func trainingsAreShared(_ first: String, _ second: String, _ settings: Settings) async throws {
        try await offPool {
            let (trains, scores) = (try SmallJobs.job(first), try SmallJobs.job(second, settings))
            #expect(trains != scores && trains.training == scores.training && trains.training != nil)
            let (theirs, own) = (try SmallJobs.trained(trains), try SmallJobs.trained(scores))
            let weights = try theirs.weights()
            #expect(try own.weights() == weights)
            let taken = try SmallJobs.state(scores)
            try taken.take(weights, name: "weights")
            let trainer = try SmallJobs.trainer(taken)
            while !taken.isTrained { _ = try trainer.advance() }
            #expect(taken.losses == own.losses)
            #expect(try SmallJobs.scoring(taken).all().scores == SmallJobs.scoring(own).all().scores)
            let other = try SmallJobs.job(second, seed: 4, settings)
            #expect(throws: TrainingError.self) { try SmallJobs.state(other).take(weights, name: "weights") }
            // A checkpoint of the one is gone on from by the other, where it stands.
            let part = try SmallJobs.state(trains)
            _ = try SmallJobs.trainer(part).advance()
            let promoted = try SmallJobs.state(scores)
            try promoted.restore(part.checkpoint(), name: "checkpoint")
            let rest = try SmallJobs.trainer(promoted)
            while !promoted.isTrained { _ = try rest.advance() }
            #expect(try promoted.weights() == weights)
        }
    }

    /// A job stopped anywhere and gone on with from its checkpoint ends with the very bits of one that was never stopped: in three
    /// places of every stage, its ends among them, and in its scoring.
    @Test(arguments: SmallJobs.names) func resumesBitForBit(_ name: String) async throws {
        try await offPool {
            let job = try SmallJobs.job(name)
            let whole = try SmallJobs.state(job)
            let trainer = try SmallJobs.trainer(whole)
            var pieces: [Int] = []
            while !whole.isTrained {
                pieces.append(whole.stage)
                _ = try trainer.advance()
            }
            let expected = try SmallJobs.scoring(whole, keepsMaps: true).all()
            var stops: Set<Int> = []
            var random = SplitMix(UInt64(pieces.count))
            for stage in Set(pieces) {
                let places = pieces.indices.filter { pieces[$0] == stage }
                stops.formUnion([places.first! + 1, places.last! + 1, places[Int(random.next() % UInt64(places.count))]])
            }
            let bits = try SmallJobs.bits(whole)
            let first = try SmallJobs.state(job)
            let stopped = try SmallJobs.trainer(first)
            var done = 0
            for stop in stops.sorted() where stop > 0 {
                while done < stop {
                    _ = try stopped.advance()
                    done += 1
                }
                let second = try SmallJobs.state(job)
                try second.restore(first.checkpoint(), name: "checkpoint")
                #expect(second.work == first.work)
                let rest = try SmallJobs.trainer(second)
                while !second.isTrained { _ = try rest.advance() }
                #expect(second.losses.map(\.bitPattern) == whole.losses.map(\.bitPattern), "stopped after \(stop) pieces")
                #expect(try SmallJobs.bits(second) == bits, "stopped after \(stop) pieces")
                #expect(second.work == whole.work)
            }
            // In the middle of scoring.
            let scoring = try SmallJobs.scoring(whole, keepsMaps: true)
            for stop in scoring.chunks.indices {
                var part = whole.scoring
                for chunk in scoring.chunks.prefix(stop + 1) { try scoring.score(chunk, into: &part) }
                whole.scoring = part
                let second = try SmallJobs.state(job)
                try second.restore(whole.checkpoint(), name: "checkpoint")
                whole.scoring = PartialScoring()
                #expect(second.isTrained && second.scoring.count == part.count)
                let rest = try SmallJobs.scoring(second, keepsMaps: true)
                for chunk in rest.chunks where chunk.lowerBound >= second.scoring.count { try rest.score(chunk, into: &second.scoring) }
                #expect(second.scoring.scores == expected.scores && second.scoring.maps == expected.maps)
            }
        }
    }

    /// A scoring that is shared between several by ranges of images is the whole's, to the bit.
    @Test(arguments: ["vae", "f-anogan", "patchcore"]) func scoringIsMergedExactly(_ name: String) async throws {
        try await offPool {
            let state = try SmallJobs.trained(SmallJobs.job(name))
            // More images than one chunk has.
            let images = try SmallJobs.images(state.job)
            let many = try ImageBatches(.concatenated((0..<13).map { _ in try images.bytes(0..<11) }))
            let scoring = Scoring(state, images: many, keepsMaps: true)
            let whole = try scoring.all()
            #expect(scoring.chunks.count > 2 && whole.count == 143)
            var parts: [PartialScoring] = []
            for (index, chunk) in scoring.chunks.enumerated() {
                if index != 1 { parts.append(PartialScoring()) }
                try scoring.score(chunk, into: &parts[parts.count - 1])
            }
            let merged = try PartialScoring(merging: parts)
            #expect(merged.scores == whole.scores && merged.maps == whole.maps && merged.mapSide == whole.mapSide)
            var wrong = PartialScoring()
            #expect(throws: TrainingError.self) { try scoring.score(1..<3, into: &wrong) }
        }
    }

    @Test func seedsMatterAndRepeat() throws {
        func losses(_ seed: Int) throws -> [Double] { try SmallJobs.trained(SmallJobs.job("vae", seed: seed)).losses }
        #expect(try losses(1) == losses(1))
        #expect(try losses(1) != losses(2))
    }

    /// Scoring in the middle of training changes nothing that comes after.
    @Test(arguments: SmallJobs.names) func scoringDoesNotDisturbTraining(_ name: String) async throws {
        try await offPool {
            let job = try SmallJobs.job(name)
            let alone = try SmallJobs.trained(job)
            let watched = try SmallJobs.state(job)
            let trainer = try SmallJobs.trainer(watched)
            while !watched.isTrained {
                let ended = try trainer.advance()
                guard case .epoch = ended, watched.stages.count == watched.modelStageCount else { continue }
                _ = try SmallJobs.scoring(watched).all()
            }
            #expect(watched.losses.map(\.bitPattern) == alone.losses.map(\.bitPattern))
            #expect(try SmallJobs.bits(watched) == SmallJobs.bits(alone))
        }
    }

    /// Every method scores each image by itself, whatever else is in the batch, changes nothing by it, and leaves no gradients.
    @Test(arguments: SmallJobs.names) func scoresAreOfSingleImages(_ name: String) async throws {
        try await offPool {
            let state = try SmallJobs.trained(SmallJobs.job(name))
            let before = try SmallJobs.bits(state)
            let images = try SmallJobs.images(state.job)
            let result = try SmallJobs.scoring(state, keepsMaps: true).all()
            #expect(result.scores.count == 11 && result.scores.allSatisfy { $0.isFinite && $0 >= -1 })
            #expect(Set(result.scores).count > 1)
            let side = try SmallJobs.shape(state.job).side
            #expect(result.maps.isEmpty || result.maps.count == 11 * side * side)
            #expect(try SmallJobs.bits(state) == before)
            #expect(state.model.network.trainableParameters.allSatisfy { $0.tensor.gradient == nil })
            // One draw an image, in the order of the images, is not the same stream for single images.
            guard !(state.scorer is VariationalScorer) else { return }
            state.model.network.train(false)
            let single = try (0..<11).map { index -> Double in
                let image = try images.batch(start: index, count: 1, normalisation: state.model.normalisation)
                let generator = try Generator(seed: 0)
                let result = if state.scorer.needsGradients {
                    try state.scorer.scores(image, generator: generator)
                } else {
                    try Tensor.withoutGradients { try state.scorer.scores(image, generator: generator) }
                }
                return try result.scores.item()
            }
            // Halves of what other batches give may fall to either side.
            expectClose(result.scores, single, within: state.scorer.network == nil && name != "patchcore" ? 1e-5 : 2e-3, name)
        }
    }

    /// Progress only ever grows, and ends with everything done.
    @Test(arguments: SmallJobs.names) func progressCountsWork(_ name: String) async throws {
        try await offPool {
            let state = try SmallJobs.state(SmallJobs.job(name))
            let trainer = try SmallJobs.trainer(state)
            let plan = WorkPlan(state, images: 11, scored: 11)
            var last = plan.progress(state)
            #expect(last.work == 0 && last.share == 0)
            func check() {
                let now = plan.progress(state)
                #expect(now.work > last.work && now.share >= last.share && now.share <= 1 && now.done <= now.total)
                last = now
            }
            while !state.isTrained {
                if case .stage = try trainer.advance() {
                    let ended = plan.progress(state, hasEndedStage: true)
                    #expect(ended.done == ended.total && ended.epoch == ended.epochs && ended.work == state.work)
                }
                check()
            }
            let scoring = try SmallJobs.scoring(state)
            for chunk in scoring.chunks {
                try scoring.score(chunk, into: &state.scoring)
                check()
            }
            #expect(last.share > 0.999 && last.stage == "scoring" && last.done == 11)
        }
    }

    /// What the study does in a way of its own can be done in the usual one.
    @Test(arguments: [
        ("vae", "score_sampling", Setting.boolean(false)), ("ganomaly", "score_statistics", "running"),
        ("dae", "noise_foreground", "none"), ("dae", "noise_offset", 0), ("ae", "score", "max"), ("ae", "score", "top1%"),
        ("patchcore", "embedding", "original"), ("patchcore", "reweight", 4), ("resnet18-imagenet", "density", "knn"),
        ("resnet18-imagenet", "crop", "center"), ("rdpp", "noise_seed", "fixed"), ("recontrast", "encoder_statistics", "stored"),
        ("panda", "ewc_weight", 0),
    ]) func alternativesDiffer(_ method: String, _ option: String, _ value: Setting) async throws {
        try await offPool {
            func scores(_ settings: Settings) throws -> [Double] {
                try SmallJobs.scoring(SmallJobs.trained(SmallJobs.job(method, settings))).all().scores
            }
            let (study, other) = (try scores([:]), try scores([option: value]))
            #expect(study != other && other.allSatisfy(\.isFinite))
        }
    }

    /// bfloat16 changes numbers a little, and goes on bit for bit like everything else; TF32 is for GPUs.
    @Test(arguments: ["ae", "vae-grad-elbo", "dae", "ae-ssim", "patchcore"]) func precisionsAreClose(_ name: String) async throws {
        try await offPool {
            let exact = try SmallJobs.job(name)
            let job = try SmallJobs.job(name, ["precision": "bfloat16"])
            let (whole, rounded) = (try SmallJobs.trained(exact), try SmallJobs.trained(job))
            if !whole.losses.isEmpty {
                #expect(rounded.losses != whole.losses)
                expectClose(rounded.losses, whole.losses, within: 0.1, name)
            }
            #expect(try SmallJobs.scoring(rounded).all().scores.allSatisfy(\.isFinite))
            let first = try SmallJobs.state(job)
            for _ in 0..<2 { _ = try SmallJobs.trainer(first).advance() }
            let second = try SmallJobs.state(job)
            try second.restore(first.checkpoint(), name: "checkpoint")
            let rest = try SmallJobs.trainer(second)
            while !second.isTrained { _ = try rest.advance() }
            #expect(try SmallJobs.bits(second) == SmallJobs.bits(rounded))
            #expect(rounded.model.network.state.allSatisfy { $0.tensor.dataType != .bfloat16 })
            let other = try SmallJobs.job(name, ["precision": "tf32"])
            #expect(try SmallJobs.bits(SmallJobs.trained(other)) == SmallJobs.bits(whole))
        }
    }

    @Test func lossThatIsNotANumberIsAnError() throws {
        let state = try SmallJobs.state(SmallJobs.job("ae", ["learning_rate": 10]))
        // Infinite weights, as a training that diverged would have.
        try state.model.network.namedParameters[0].tensor.fill(.infinity)
        let error = #expect(throws: TrainingError.self) { try SmallJobs.trainer(state).advance() }
        #expect(error?.description.contains("epoch 1") == true && error?.kind == .divergence)
    }

    @Test func checkpointsOfOtherJobsAndDamagedOnesAreRefused() throws {
        let job = try SmallJobs.job("ae")
        let file = try SmallJobs.state(job).checkpoint()
        let other = try SmallJobs.state(SmallJobs.job("ae", seed: 4))
        let error = #expect(throws: TrainingError.self) { try other.restore(file, name: "c.safetensors") }
        #expect(error?.description.contains("c.safetensors") == true)
        #expect(throws: TorchError.self) {
            try SmallJobs.state(job).restore(file.prefix(file.count / 2), name: "c.safetensors")
        }
    }

    @Test func unknownMethodsAreNamed() throws {
        var job = try SmallJobs.job("ae")
        job.method = "nope"
        let error = #expect(throws: TrainingError.self) {
            try TrainingState(job, data: DataShape(count: 2, channels: 1, side: 16))
        }
        #expect(error?.description.contains("'nope'") == true)
    }
}
