import Client
import Foundation
import Wire

/// Sends an operator's request for each of some targets and tells what became of it.
struct Controller: Sendable {
    let client: CoordinatorClient
    let request: ControlRequest
    let isJSON: Bool

    init(client: CoordinatorClient, action: ControlRequest.Action, priority: Int? = nil, isJSON: Bool) {
        self.client = client
        request = ControlRequest(action: action, priority: priority, who: OperatorName.current)
        self.isJSON = isJSON
    }

    /// One object a line with `--json`.
    private struct Outcome: Encodable {
        let action: ControlRequest.Action
        let changed: Int
        var sweep: String?
        var job: String?
        var worker: String?
        let priority: Int?
    }

    /// Goes through the targets in order and prints a line for each; the first that is refused ends it.
    func perform(on targets: [ControlTarget]) async throws {
        for target in targets {
            let response = try await send(target)
            try Terminal.print(isJSON ? try json(target, response) : ControlText.sentence(request, target, response), isJSON: isJSON)
        }
    }

    private func send(_ target: ControlTarget) async throws -> ControlResponse {
        switch target {
        case .sweep(let name): try await client.control(sweep: name, request)
        case .job(let identity): try await client.control(job: identity, request)
        case .worker(let name): try await client.control(worker: name, request)
        }
    }

    private func json(_ target: ControlTarget, _ response: ControlResponse) throws -> String {
        var outcome = Outcome(action: request.action, changed: response.changed, priority: request.priority)
        switch target {
        case .sweep(let name): outcome.sweep = name
        case .job(let identity): outcome.job = identity
        case .worker(let name): outcome.worker = name
        }
        return String(decoding: try WireCoding.encode(outcome), as: UTF8.self)
    }
}
