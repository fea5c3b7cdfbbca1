import ArgumentParser
import Client
import Foundation
import Wire

/// What an operator's command acts on.
enum ControlTarget: Hashable, Sendable {
    case sweep(String)
    /// An identity or its first digits.
    case job(String)
    case worker(String)

    /// Which of the two a bare word is, when the command line says so.
    enum Kind: EnumerableFlag {
        case sweep, job

        static func help(for value: Kind) -> ArgumentHelp? {
            switch value {
            case .sweep: "Take every target for the name of a sweep."
            case .job: "Take every target for a job's identity."
            }
        }
    }

    /// What a word on the command line means. A word of eight or more hexadecimal digits is a job unless a sweep has that name.
    static func resolve(_ word: String, as kind: Kind?, client: CoordinatorClient) async throws -> ControlTarget {
        if kind == .job { return .job(try JobReference.parse(word)) }
        guard kind == nil, JobReference.isPossible(word) else { return .sweep(word) }
        do {
            _ = try await client.sweep(word)
            return .sweep(word)
        } catch ClientError.problem(let problem) where problem.status == 404 {
            return .job(try JobReference.parse(word))
        }
    }

    /// `sweep 'demo'`, `job 0123456789ab`, `worker 'host-1'`.
    var words: String {
        switch self {
        case .sweep(let name): "sweep '\(name.oneLine)'"
        case .job(let identity): "job \(JobReference.short(identity))"
        case .worker(let name): "worker '\(name.oneLine)'"
        }
    }
}
