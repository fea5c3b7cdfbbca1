import Client
import Datasets
import Foundation
import Sweep
import TestSupport
import Testing
import Wire

/// The dashboard as a browser shows it, of a real coordinator with real workers.
@Suite(.serialized, .enabled(if: Chromium.isInstalled, "chromium is not installed; Docker/install.sh test installs it"))
struct DashboardBrowserTests {
    private static let operatorToken = "operator-0123456789abcdef"
    private static let workerToken = "worker-0123456789abcdef"

    /// Progress, states and results change on an open page without a request of the page's own.
    @Test func aRunningSweepIsSeenToMove() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 30)
        try await scenario.submit("method=ae", "seed=0,1", "epochs=400", to: coordinator)
        let browser = try await Chromium(in: scenario.place.folder)
        defer { browser.end() }
        try await browser.resize(width: 1280)
        try await browser.open("\(coordinator.address)/#/sweep/\(Scenario.name)")
        try await eventually("both jobs wait") { try await browser.text("main").contains("2 waiting") }
        try await eventually("the stream is open") { try await browser.text("#live") == "live" }

        let worker = try scenario.worker("one", at: coordinator.address)
        let cell = "[aria-label='Running jobs'] tbody td:last-child"
        let first = try await eventually("an epoch is shown") {
            let text = try await browser.text(cell)
            return text.hasSuffix(" of 400") ? text : nil
        }
        let asked = browser.requests.count
        try await eventually("a later epoch is shown") {
            let text = try await browser.text(cell)
            return text.hasSuffix(" of 400") && text != first
        }
        #expect(browser.requests.dropFirst(asked).isEmpty, "the stream alone has told of it")
        try await check(browser, of: "sweep-running")

        for page in ["", "workers", "events"] {
            try await browser.turn(to: "\(page)")
            let shown = ["": Scenario.name, "workers": "one", "events": Scenario.name][page]!
            try await eventually("the page '\(page)' is filled") { try await browser.text("main").contains(shown) }
            try await check(browser, of: page.isEmpty ? "sweeps" : page)
        }

        try await browser.turn(to: "sweep/\(Scenario.name)")
        try await eventually("the sweep is seen to finish") { try await browser.text("main").contains("2 done") }
        try await eventually("its results are shown") { try await browser.text("[aria-label='Results by method and data set']").contains("±") }
        try await check(browser, of: "sweep-finished")
        let identity = try await coordinator.jobs(of: Scenario.name)[0].identity
        try await browser.turn(to: "job/\(identity)")
        try await eventually("the job's result is shown") { try await browser.text("[aria-label='Metrics']").contains("auc") }
        try await check(browser, of: "job-done")
        try expectQuiet(browser, coordinator)
        withExtendedLifetime(worker) {}
    }

    /// An operator signs in, finds the job that has failed, and puts it back: once with the mouse, once by keyboard.
    @Test func aQuarantinedJobIsRetried() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let tokens = try scenario.place.write("operator \(Self.operatorToken)\nworker \(Self.workerToken)\n", to: "tokens")
        let coordinator = try await scenario.coordinator(lease: 30, options: ["--token-file", tokens])
        let image = scenario.place.data.appending(path: "discs/images/train-3.png")
        let whole = try Data(contentsOf: image)
        try whole.prefix(whole.count / 2).write(to: image)
        let workerFile = try scenario.place.write(Self.workerToken, to: "worker-token")
        let source = Scenario.sweep.replacing("max_attempts: 100", with: "max_attempts: 1")
        let client = CoordinatorClient(url: URL(string: coordinator.address)!, token: Self.operatorToken)
        // The command would not hand in a sweep of broken images.
        let content = try LocalDatasets.content(
            of: scenario.place.data.appending(path: "discs"), name: "discs", cacheDirectory: scenario.place.folder.appending(path: "contents"))
        _ = try await client.submit(
            SubmitRequest(source: source, file: "failing.yaml", overrides: ["method=ae", "seed=0"], contents: ["discs": content]))
        let identity = try await client.allJobs(sweep: Scenario.name)[0].identity

        let browser = try await Chromium(in: scenario.place.folder)
        defer { browser.end() }
        try await browser.resize(width: 1280)
        try await browser.open("\(coordinator.address)/#/sweep/\(Scenario.name)")
        try await eventually("the form is shown") { try await browser.evaluate("document.activeElement?.id === 'token'") }
        try await check(browser, of: "sign-in")
        try await browser.type(Self.operatorToken)
        try await browser.press(.enter)
        try await eventually("the sweep is shown") { try await browser.text("main").contains("1 waiting") }

        for round in ["mouse", "keyboard"] {
            let worker = try scenario.worker("worker-\(round)", at: coordinator.address, ["--token-file", workerFile])
            try await browser.turn(to: "sweep/\(Scenario.name)")
            try await eventually("the failure is shown") { try await browser.text("[aria-label='Failing jobs']").contains("train-3.png") }
            #expect(try await browser.text("main").contains("1 quarantined"))
            await worker.stop()
            try await check(browser, of: "sweep-failing")

            try await browser.click("[aria-label='Failing jobs'] a")
            try await eventually("the job is shown as quarantined") { try await browser.text("main .chip") == "quarantined" }
            #expect(try await client.job(identity).record.state == .quarantined)
            try await check(browser, of: "job-quarantined")
            let name = "[aria-label='Steering'] button:not([hidden])"
            #expect(try await browser.text(name) == "Retry")
            if round == "mouse" {
                try await browser.click(name)
            } else {
                try await browser.send("Runtime.evaluate", ["expression": "document.activeElement.blur()"])
                var visited: [String] = []
                repeat {
                    try await browser.press(.tab)
                    visited.append(try await browser.evaluate("document.activeElement.innerText"))
                } while visited.last != "Retry" && visited.count < 30
                #expect(visited.last == "Retry", "\(visited)")
                #expect(try await browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid")
                try await browser.photograph("job-focus")
                try await browser.press(.enter)
            }
            try await eventually("the job waits again") { try await client.job(identity).record.state == .pending }
            try await eventually("the page shows it") { try await browser.text("main .chip") == "waiting" }
            #expect(try await browser.text("#said") == "retry: done")
        }
        try expectQuiet(browser, coordinator)
        let troubles = browser.requests.filter { $0.contains(Self.operatorToken) }
        #expect(troubles.isEmpty, "a token in an address is a token in logs")
    }

    /// Behind a proxy that serves it under a path, with a seed that a browser's numbers do not hold and a name that turns its line
    /// around.
    @Test func aPageUnderAPathShowsWhatThereIs() async throws {
        let scenario = try Scenario()
        defer { scenario.end() }
        let coordinator = try await scenario.coordinator(lease: 30)
        try await scenario.submit("method=ae", "seed=9007199254740993", to: coordinator)
        let client = CoordinatorClient(url: URL(string: coordinator.address)!)
        _ = try await client.control(sweep: Scenario.name, ControlRequest(action: .pause, who: "an\u{202E}na"))
        let proxy = PrefixProxy("/lab/medsweep/", to: coordinator.port)
        let root = "http://127.0.0.1:\(proxy.port)/lab/medsweep/"
        let browser = try await Chromium(in: scenario.place.folder)
        defer { browser.end() }
        try await browser.open("\(root)#/sweep/\(Scenario.name)")
        try await eventually("the stream is open") { try await browser.text("#live") == "live" }
        try await eventually("the job waits") { try await browser.text("main").contains("1 waiting") }
        try await browser.click("[aria-label='Steering'] button:not([hidden])")
        try await eventually("the sweep goes on") { try await client.sweep(Scenario.name).isPaused == false }
        try await browser.turn(to: "job/\(try await client.allJobs(sweep: Scenario.name)[0].identity)")
        try await eventually("the seed is whole") { try await browser.text("main").contains("seed 9007199254740993") }
        try await browser.turn(to: "events")
        try await eventually("the name is shown as it is") { try await browser.text("main").contains("an\\u{202E}na") }
        #expect(browser.troubles.isEmpty, "\(browser.troubles.joined(separator: "\n"))")
        let elsewhere = browser.requests.filter { $0 != "about:blank" && !$0.hasPrefix(root) }
        #expect(elsewhere.isEmpty, "\(elsewhere)")
    }

    /// A page fits wide and narrow windows, and looks otherwise where dark colours are preferred.
    private func check(_ browser: Chromium, of page: String) async throws {
        for width in [390, 1280] {
            try await browser.resize(width: width)
            var grounds: Set<String> = []
            for scheme in ["dark", "light"] {
                try await browser.prefer(scheme)
                grounds.insert(try await browser.evaluate("getComputedStyle(document.body).backgroundColor"))
                // A resized canvas is drawn again after the next layout.
                try await eventually("'\(page)' fits \(width) pixels") {
                    try await browser.evaluate("innerWidth === \(width) && document.documentElement.scrollWidth <= \(width)")
                }
                try await browser.photograph("\(page)-\(width)-\(scheme)")
            }
            #expect(grounds.count == 2, "'\(page)': \(grounds)")
        }
    }

    /// Nothing went wrong, and nobody else was asked for anything.
    private func expectQuiet(_ browser: Chromium, _ coordinator: ServedCoordinator) throws {
        #expect(browser.troubles.isEmpty, "\(browser.troubles.joined(separator: "\n"))")
        let elsewhere = browser.requests.filter { $0 != "about:blank" && !$0.hasPrefix(coordinator.address + "/") }
        #expect(elsewhere.isEmpty, "\(elsewhere)")
        #expect(browser.requests.contains { $0.contains("/v1/stream") })
    }
}
