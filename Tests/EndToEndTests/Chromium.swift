import Foundation
import TestSupport

#if canImport(Glibc)
import Glibc
#endif

/// A headless Chromium with one page, spoken to in the DevTools protocol over its third and fourth descriptors.
final class Chromium: @unchecked Sendable {
    /// What the browser refused, or how it ended.
    struct Failure: Error, CustomStringConvertible { let description: String }

    static let program = "/usr/bin/chromium"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    private let folder: URL
    private let process: pid_t
    private let connection: FileHandle
    private var session: String?

    /// Guards what the thread that reads and the tests share.
    private let lock = NSLock()
    private var waiting: [Int: CheckedContinuation<Data, any Error>] = [:]
    private var last = 0
    private var hasEnded = false
    private var heardTroubles: [String] = []
    private var heardRequests: [String] = []

    /// - Parameter folder: where the browser may keep what it likes.
    init(in folder: URL) async throws {
        self.folder = folder
        // One connection for both directions; above the descriptors that the browser looks at, so that none is overwritten.
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Failure(description: "no connection: \(String(cString: strerror(errno)))")
        }
        let (here, there) = (fcntl(ends[0], F_DUPFD_CLOEXEC, 10), fcntl(ends[1], F_DUPFD_CLOEXEC, 10))
        for end in ends { close(end) }
        connection = FileHandle(fileDescriptor: here, closeOnDealloc: true)
        defer { close(there) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let log = folder.appending(path: "chromium.log").path
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_adddup2(&actions, there, 3)
        posix_spawn_file_actions_adddup2(&actions, there, 4)
        let arguments = [
            Self.program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
            "--user-data-dir=\(folder.appending(path: "chromium").path)", "about:blank",
        ]
        let variables = ProcessInfo.processInfo.environment.merging(["HOME": folder.path]) { $1 }.map { "\($0)=\($1)" }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for word in words + settings { free(word) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, Self.program, &actions, nil, &words, &settings)
        guard status == 0 else { throw Failure(description: "cannot run '\(Self.program)': \(String(cString: strerror(status)))") }
        process = child
        let answers = connection
        Thread.detachNewThread { [weak self] in Self.read(answers) { self?.take($0) } }

        struct Target: Decodable { let targetId: String }
        struct Session: Decodable { let sessionId: String }
        let target = try await send("Target.createTarget", ["url": "about:blank"], as: Target.self)
        session = try await send("Target.attachToTarget", ["targetId": target.targetId, "flatten": true], as: Session.self).sessionId
        for domain in ["Page", "Runtime", "Log", "Network"] { try await send("\(domain).enable") }
    }

    deinit { end() }

    /// Ends the browser and all of its processes.
    func end() {
        guard lock.withLock({ defer { hasReaped = true }; return !hasReaped }) else { return }
        ProcessTree.kill(process)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    private var hasReaped = false

    // MARK: What was heard

    /// Exceptions, and errors and warnings of the console and of the browser itself.
    var troubles: [String] { lock.withLock { heardTroubles } }
    /// The addresses of all requests of the page.
    var requests: [String] { lock.withLock { heardRequests } }

    // MARK: The protocol

    private struct Message: Decodable {
        struct Refusal: Decodable { let message: String }
        struct Parameters: Decodable {
            struct Request: Decodable { let url: String }
            struct Entry: Decodable { let level: String; let text: String }
            let type: String?
            let request: Request?
            let entry: Entry?
        }
        let id: Int?
        let method: String?
        let error: Refusal?
        let params: Parameters?
    }

    private struct Answer<Result: Decodable>: Decodable { let result: Result }
    private struct Anything: Decodable {}

    /// Sends a command and waits for its answer.
    func send(_ method: String, _ parameters: [String: Any] = [:]) async throws {
        _ = try await send(method, parameters, as: Anything.self)
    }

    private func send<Result: Decodable>(_ method: String, _ parameters: [String: Any], as type: Result.Type) async throws -> Result {
        var command: [String: Any] = ["method": method, "params": parameters]
        command["sessionId"] = session
        let number = lock.withLock { last += 1; return last }
        command["id"] = number
        let text = try JSONSerialization.data(withJSONObject: command) + [0]
        let answer = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Data, any Error>) in
            let isLate = lock.withLock {
                if !hasEnded { waiting[number] = continuation }
                return hasEnded
            }
            guard !isLate else { return continuation.resume(throwing: Failure(description: "the browser has ended: \(log)")) }
            // One that ends meanwhile is noticed by the thread that reads.
            var rest = [UInt8](text)
            while !rest.isEmpty {
                let count = Glibc.send(connection.fileDescriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return }
                rest.removeFirst(count)
            }
        }
        if let refusal = try JSONDecoder().decode(Message.self, from: answer).error {
            throw Failure(description: "\(method): \(refusal.message)")
        }
        return try JSONDecoder().decode(Answer<Result>.self, from: answer).result
    }

    private var log: String { (try? String(contentsOf: folder.appending(path: "chromium.log"), encoding: .utf8)) ?? "" }

    /// Calls `take` with one message after another, and with `nil` at the end.
    private static func read(_ answers: FileHandle, _ take: (Data?) -> Void) {
        var rest = Data()
        while case let part = answers.availableData, !part.isEmpty {
            rest += part
            while let end = rest.firstIndex(of: 0) {
                take(Data(rest[..<end]))
                rest = Data(rest[(end + 1)...])
            }
        }
        take(nil)
    }

    private func take(_ text: Data?) {
        guard let text else {
            let left = lock.withLock { hasEnded = true; defer { waiting = [:] }; return Array(waiting.values) }
            for continuation in left { continuation.resume(throwing: Failure(description: "the browser has ended: \(log)")) }
            return
        }
        // Chromium sends no parameters that are named like these but of other types in the domains that are enabled.
        guard let message = try? JSONDecoder().decode(Message.self, from: text) else { return }
        if let number = message.id {
            lock.withLock { waiting.removeValue(forKey: number) }?.resume(returning: text)
            return
        }
        lock.withLock {
            switch message.method {
            case "Runtime.exceptionThrown": heardTroubles.append(String(decoding: text, as: UTF8.self))
            case "Runtime.consoleAPICalled" where ["error", "warning", "assert"].contains(message.params?.type):
                heardTroubles.append(String(decoding: text, as: UTF8.self))
            case "Log.entryAdded" where ["error", "warning"].contains(message.params?.entry?.level):
                heardTroubles.append(String(decoding: text, as: UTF8.self))
            case "Network.requestWillBeSent": heardRequests += [message.params?.request?.url].compactMap { $0 }
            default: break
            }
        }
    }
}

// MARK: What a person does

extension Chromium {
    func open(_ address: String) async throws { try await send("Page.navigate", ["url": address]) }

    /// The value of a JavaScript expression.
    func evaluate<Value: Decodable>(_ expression: String, as type: Value.Type = Value.self) async throws -> Value {
        try await send("Runtime.evaluate", ["expression": expression, "returnByValue": true], as: Evaluation<Value>.self).result.value
    }

    private struct Evaluation<Value: Decodable>: Decodable {
        struct Object: Decodable { let value: Value }
        let result: Object
    }

    /// Goes to another page of the dashboard.
    func turn(to page: String) async throws { try await send("Runtime.evaluate", ["expression": "location.hash = \(quoted("#/" + page))"]) }

    /// The text of what a selector finds first; empty where it finds nothing.
    func text(_ selector: String) async throws -> String {
        try await evaluate("document.querySelector(\(quoted(selector)))?.innerText ?? ''")
    }

    /// Makes the window so wide.
    func resize(width: Int) async throws {
        try await send(
            "Emulation.setDeviceMetricsOverride", ["width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false])
    }

    /// Prefers `light` or `dark` colours.
    func prefer(_ scheme: String) async throws {
        try await send("Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
    }

    /// Clicks with the mouse in the middle of what a selector finds first.
    func click(_ selector: String) async throws {
        let place: [Double]? = try await evaluate(
            """
            (() => {
              const node = document.querySelector(\(quoted(selector)));
              if (!node) return null;
              node.scrollIntoView({ block: "center" });
              const { x, y, width, height } = node.getBoundingClientRect();
              return width && height ? [x + width / 2, y + height / 2] : null;
            })()
            """)
        guard let place else { throw Failure(description: "there is nothing to click on at '\(selector)'") }
        for type in ["mousePressed", "mouseReleased"] {
            try await send(
                "Input.dispatchMouseEvent", ["type": type, "x": place[0], "y": place[1], "button": "left", "clickCount": 1])
        }
    }

    /// Presses Tab or Enter and lets it go.
    func press(_ key: Key) async throws {
        var event: [String: Any] = ["type": "keyDown", "key": key.rawValue, "code": key.rawValue, "windowsVirtualKeyCode": key.code]
        if key == .enter { event["text"] = "\r" }
        try await send("Input.dispatchKeyEvent", event)
        event["type"] = "keyUp"
        event["text"] = nil
        try await send("Input.dispatchKeyEvent", event)
    }

    enum Key: String {
        case tab = "Tab", enter = "Enter"
        fileprivate var code: Int { self == .tab ? 9 : 13 }
    }

    /// Types into what has the focus.
    func type(_ text: String) async throws { try await send("Input.insertText", ["text": text]) }

    /// Keeps a picture of the window in the folder that MEDSWEEP_SCREENSHOTS names, if it names one.
    func photograph(_ name: String) async throws {
        guard let folder = ProcessInfo.processInfo.environment["MEDSWEEP_SCREENSHOTS"] else { return }
        struct Picture: Decodable { let data: Data }
        let picture = try await send("Page.captureScreenshot", ["format": "png"], as: Picture.self)
        try picture.data.write(to: URL(filePath: folder).appending(path: "\(name).png"))
    }

    private func quoted(_ text: String) -> String { String(decoding: try! JSONEncoder().encode(text), as: UTF8.self) }
}
