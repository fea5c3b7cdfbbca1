import Catalogue
import Foundation
import Sweep
import Wire

@testable import Coordinator

/// A value of every body that goes over the wire, in which nothing is left out or empty.
enum BodySamples {
    static var all: [(schema: String, value: Any)] {
        get throws {
            [
                ("Problem", Problem(status: 400, title: "t", detail: "d")),
                ("Health", Health(status: "ok", version: "1", disks: [.init(folder: "state", free: 1, isLow: true)])),
                ("SubmitRequest", SubmitRequest(source: "s", file: "f", overrides: ["a=1"], contents: ["brain": .init(fingerprint: "f", color: .rgb)])),
                (
                    "SubmitResponse",
                    SubmitResponse(sweep: "s", revision: 1, total: 1, new: 1, reused: 0, queued: 0, withdrawn: 0, axes: ["seed": ["0": 1]])
                ),
                ("SweepList", SweepList(sweeps: [status])), ("JobPage", JobPage(jobs: [row], next: 1)), ("JobDetail", detail),
                ("ControlRequest", ControlRequest(action: .pause, priority: 1, who: "w")), ("ControlResponse", ControlResponse(changed: 1)),
                ("EventPage", EventPage(events: [.init(id: 1, at: 1, who: "w", what: "leased", job: digest, sweep: "s")], next: 1)),
                ("WorkerList", WorkerList(workers: [.init(description: worker, seen: 1, jobs: 1, isPaused: false)])),
                (
                    "Explanation",
                    Explanation(
                        identity: digest, state: .pending, reasons: ["r"], nearest: .init(identity: digest, differences: ["epochs"]))
                ),
                ("LeaseRequest", LeaseRequest.sample(worker, holding: [digest])), ("LeaseResponse", LeaseResponse(coordinator: "c", leases: [lease])),
                ("HeartbeatRequest", HeartbeatRequest(token: 1, progress: progress, log: piece, curve: [point])),
                ("HeartbeatResponse", HeartbeatResponse(action: .drain)),
                ("CheckpointRequest", CheckpointRequest(token: 1, checkpoint: checkpoint)),
                ("ResultRequest", ResultRequest(token: 1, result: result, log: piece, curve: [point], coordinator: "c")),
                ("FailureRequest", FailureRequest(token: 1, kind: .crash, error: "e", logTail: "l", signal: 11, log: piece)),
                ("LogPage", LogPage(text: "l", next: 1, isEnded: true, state: .done)), ("ReleaseRequest", ReleaseRequest(token: 1, log: piece)), ("Acknowledgement", Acknowledgement(state: .done, recorded: true)),
                ("ResultColumns", ResultColumns([ResultRow(row)])), ("JobGrid", JobGrid(first: 0, states: "p", next: 0)),
                ("DashboardTable", try table),
            ]
        }
    }

    private static let digest = String(repeating: "0a", count: 32)
    private static let job = JobDescription(method: "ae", configuration: ["epochs": 2], dataset: "brain", fingerprint: digest, seed: 0)
    private static let piece = LogPiece(offset: 0, text: "l")
    private static let point = CurvePoint(work: 1, loss: 0.5, auc: 0.5)
    private static let progress = JobProgress.sample(epoch: 1)
    private static let checkpoint = JobRecord.Checkpoint(sha256: digest, work: 1)
    private static let result = JobResult.sample(artefacts: [.init(name: "scores.json", sha256: digest, size: 1)], notes: ["n"])
    private static let row = JobRow(position: 0, identity: digest, job: job, state: .done, failedAttempts: 0, result: result)
    private static let worker = WorkerDescription.sample(
        datasets: ["brain": digest], gpus: [1], methods: ["ae"], weights: ["vgg19"], tags: ["fast"])

    private static var policy: SweepPolicy {
        var policy = SweepPolicy()
        policy.requires.tags = ["fast"]
        policy.requires.threads = 1
        policy.requires.memory = 1
        policy.requires.gpuMemory = 1
        policy.retry.outOfMemoryDivisor = 2
        policy.requires.weights = ["vgg19"]
        policy.limits.parallel = 1
        policy.limits.maxFailed = 1
        policy.evaluateEvery = 5
        return policy
    }

    private static var status: SweepStatus {
        SweepStatus(
            name: "s", submitted: 1, jobs: [.leased: 1], total: 1, progress: 0.5, remaining: 1,
            running: [.init(identity: digest, method: "ae", dataset: "brain", seed: 0, worker: "w", progress: progress)],
            failing: [.init(identity: digest, method: "ae", dataset: "brain", seed: 0, error: "e")], policy: policy,
            weights: [.init(name: "vgg19", jobs: 1, isOffered: true)], obstacles: [.init(jobs: 1, reason: "r")])
    }

    private static var lease: Lease {
        Lease(
            identity: digest, job: job, token: LeaseToken(number: 1, seal: .instance("s")), resources: .init(threads: 1, memory: 1, gpuMemory: 1), attempt: 1, duration: 30, heartbeat: 5, checkpoint: checkpoint,
            checkpointInterval: .epochs(10), trainedWeights: digest, artefacts: .init(), evaluateEvery: 5)
    }

    private static var detail: JobDetail {
        JobDetail(
            identity: digest, job: job, record: JobRecord(hold: .init(worker: "w", instance: .instance("w"), expires: 1), checkpoint: checkpoint),
            progress: progress, result: result,
            attempts: [
                .init(token: 1, worker: "w", started: 1, ended: 2, outcome: "failed", error: "e", logTail: "l", signal: 11)
            ], sweeps: ["s"], curve: [point])
    }

    private static var table: DashboardTable {
        get throws {
            try WireCoding.decode(
                from: Data(
                    """
                    {"metric": "auc", "metrics": [{"name": "auc", "title": "AUC"}], "datasets": [{"name": "brain", "title": "B"}],
                    "lines": [{"title": "AE", "cells": {"brain": {"expected": 2, "isMixed": true,
                    "values": {"auc": {"count": 2, "mean": 0.5, "deviation": 0.1, "place": 1}}}}}]}
                    """.utf8))
        }
    }
}
