import Foundation
import Sweep
import TestSupport
import Testing
import Wire

/// What operators' commands print, where, and with which exit code, against answers that are made up.
@Suite struct CommandOutcomeTests {
    private static let job = "0123456789abcdef" + String(repeating: "0", count: 48)

    private static func text(_ body: some Encodable) -> String { String(decoding: try! WireCoding.encode(body), as: UTF8.self) }

    private static func status(_ name: String, pending: Int) -> AnsweringServer.Answer {
        .init(
            text(
                SweepStatus(
                    name: name, submitted: 0, jobs: [.pending: pending], total: pending, progress: 0, remaining: nil,
                    running: [], failing: [], policy: SweepPolicy())))
    }

    /// Knows a sweep `demo` of twelve jobs and a worker `host-1`.
    private func server(changed: Int = 12) -> AnsweringServer {
        AnsweringServer { request in
            switch request.path {
            case "/v1/sweeps/demo": Self.status("demo", pending: 12)
            case "/v1/sweeps/demo/control", "/v1/workers/host-1/control", "/v1/jobs/01234567/control":
                .init(Self.text(ControlResponse(changed: changed)))
            default: .problem(404, "there is no such thing (did you mean 'demo'?)")
            }
        }
    }

    private func run(_ server: AnsweringServer, _ words: String..., in place: Workplace) async throws -> Programs.Outcome {
        try await Programs.run("medsweep", words + ["--coordinator", server.address], in: place.folder)
    }

    @Test func oneSentenceATarget() async throws {
        let place = try Workplace()
        let server = server()
        let paused = try await run(server, "pause", "demo", "01234567", "--worker", "host-1", in: place)
        #expect(paused.status == 0, "\(paused.errors)")
        #expect(paused.output == "paused sweep 'demo': 12 jobs\npaused job 01234567\npaused worker 'host-1'\n")
        #expect(paused.errors.isEmpty)
        let sent = server.requests.filter { $0.method == "POST" }
        #expect(sent.map(\.path) == ["/v1/sweeps/demo/control", "/v1/jobs/01234567/control", "/v1/workers/host-1/control"])
        for request in sent {
            let body = try WireCoding.decode(ControlRequest.self, from: request.body)
            #expect(body.action == .pause && body.priority == nil)
            #expect(body.who.split(separator: "@").count == 2)
        }
        let moved = try await run(server, "prioritise", "demo", "-5", in: place)
        #expect(moved.status == 0 && moved.output == "set the priority of sweep 'demo' to -5: 12 jobs\n", "\(moved.errors)")
        let body = try #require(server.requests.last?.body)
        #expect(try WireCoding.decode(ControlRequest.self, from: body).priority == -5)
    }

    @Test func whatWasSoAlreadyIsSaidAndNoError() async throws {
        let place = try Workplace()
        let resumed = try await run(server(changed: 0), "resume", "demo", in: place)
        #expect(resumed.status == 0 && resumed.output == "nothing to resume: sweep 'demo' was not paused\n", "\(resumed.errors)")
    }

    @Test func jsonIsAnObjectATarget() async throws {
        let place = try Workplace()
        let outcome = try await run(server(), "resume", "demo", "--worker", "host-1", "--json", in: place)
        #expect(
            outcome.output == """
                {"action":"resume","changed":12,"sweep":"demo"}
                {"action":"resume","changed":12,"worker":"host-1"}

                """, "\(outcome.errors)")
    }

    @Test func refusalsAreOneSentenceOnStandardError() async throws {
        let place = try Workplace()
        let outcome = try await run(server(), "retry", "demo", "dmeo", in: place)
        #expect(outcome.status == 65)
        #expect(outcome.output == "requeued sweep 'demo': 12 jobs\n")
        #expect(outcome.errors == "medsweep: there is no such thing (did you mean 'demo'?)\n")
        for command in [["explain", "0123abcd"], ["job", "0123abcd"], ["pause", "--worker", "host"]] {
            let answering = server()
            let refused = try await Programs.run("medsweep", command + ["--coordinator", answering.address], in: place.folder)
            withExtendedLifetime(answering) {}
            #expect(refused.status == 65 && refused.output.isEmpty, "\(command)")
            #expect(refused.errors.split(whereSeparator: \.isNewline).count == 1, "\(refused.errors)")
        }
        let usage = try await run(server(), "job", "demo", in: place)
        #expect(usage.status == 64 && usage.output.isEmpty && usage.errors.contains("'demo' names no job"))
    }

    /// Scripts are not asked; people are, and only `yes` cancels a whole sweep.
    @Test func cancellingASweepAsksOnATerminal() async throws {
        let place = try Workplace()
        let server = server()
        let script = try await run(server, "cancel", "demo", in: place)
        #expect(script.status == 0 && script.output == "cancelled sweep 'demo': 12 jobs\n", "\(script.errors)")

        func answer(_ text: String, _ words: String...) async throws -> (status: Int32, screen: String) {
            let terminal = try PseudoTerminal()
            return try await terminal.run(
                "medsweep", ["cancel"] + words + ["--coordinator", server.address], typing: text)
        }
        let before = server.requests.filter { $0.method == "POST" }.count
        let declined = try await answer("n\n", "demo")
        #expect(declined.status == 75 && declined.screen.contains("12 jobs that wait or run? [y/N]"), "\(declined.screen)")
        #expect(declined.screen.contains("nothing was cancelled"))
        #expect(try await answer("\n", "demo").status == 75)
        #expect(server.requests.filter { $0.method == "POST" }.count == before)
        let affirmed = try await answer("yes\n", "demo")
        #expect(affirmed.status == 0 && affirmed.screen.contains("cancelled sweep 'demo': 12 jobs"), "\(affirmed.screen)")
        // Neither a job nor --yes asks.
        let job = try await answer("", "--job", "01234567")
        #expect(job.status == 0 && !job.screen.contains("[y/N]"), "\(job.screen)")
        let sure = try await answer("", "demo", "--yes")
        #expect(sure.status == 0 && !sure.screen.contains("[y/N]"), "\(sure.screen)")
    }

    @Test func eventsAreALineEach() async throws {
        let place = try Workplace()
        let events = [
            Event(id: 41, at: 0, who: "anna@host", what: "paused", job: nil, sweep: "demo"),
            Event(id: 42, at: 1, who: "host-1", what: "leased", job: Self.job, sweep: nil),
        ]
        let server = AnsweringServer { request in
            request.path.contains("after=42") ? .init(#"{"events":[],"next":42}"#) : .init(Self.text(EventPage(events: events, next: 42)))
        }
        let plain = try await run(server, "events", "-n", "3", "--sweep", "demo", in: place)
        #expect(plain.status == 0, "\(plain.errors)")
        let lines = plain.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasSuffix("paused  sweep demo") && lines[1].hasSuffix("leased  job 0123456789ab"))
        #expect(server.requests.map(\.path) == ["/v1/events?limit=3&after=-3&sweep=demo", "/v1/events?limit=1&after=42&sweep=demo"])
        let json = try await run(server, "events", "--json", "--since", "40", in: place)
        #expect(try json.output.split(separator: "\n").map { try WireCoding.decode(Event.self, from: Data($0.utf8)) } == events)
        #expect(server.requests[2].path == "/v1/events?limit=1000&after=40")
    }

    /// Following from now on begins behind the last event, and goes on from what came.
    @Test func followingBeginsBehindTheLast() async throws {
        let place = try Workplace()
        let server = AnsweringServer { request in
            switch request.path {
            case "/v1/events?limit=1&after=-1":
                .init(Self.text(EventPage(events: [Event(id: 7, at: 0, who: "w", what: "old", job: nil, sweep: nil)], next: 7)))
            case "/v1/events?limit=1000&after=7&wait=30":
                .init(Self.text(EventPage(events: [Event(id: 9, at: 0, who: "w", what: "new", job: nil, sweep: nil)], next: 9)))
            default: .init(#"{"events":[],"next":9}"#)
            }
        }
        let program = try Program(
            "medsweep", ["events", "-n", "0", "--follow", "--coordinator", server.address], in: place.folder)
        while program.process.isRunning, server.requests.count < 4 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(program.output.hasSuffix("new\n") && program.output.split(separator: "\n").count == 1, "\(program.output)\(program.errors)")
        #expect(server.requests[2].path == "/v1/events?limit=1000&after=9&wait=30")
        program.kill()
    }

    @Test func completionsCoverTheCommands() async throws {
        let place = try Workplace()
        for shell in ["bash", "zsh", "fish"] {
            let script = try await Programs.run("medsweep", ["--generate-completion-script", shell], in: place.folder)
            #expect(script.status == 0 && script.output.contains("prioritise") && script.output.contains("explain"), "\(shell)")
        }
    }
}
