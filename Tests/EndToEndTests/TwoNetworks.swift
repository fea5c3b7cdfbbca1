import Foundation

/// Two network namespaces with a cable between them, gone when the object is.
final class TwoNetworks {
    /// The addresses at the two ends; kept for documentation (RFC 5737), so that nothing real has them.
    static let addresses = ["192.0.2.1", "192.0.2.2"]
    /// The two namespaces.
    let names: [String]

    private static let program = ["/usr/sbin/ip", "/sbin/ip"].first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Whether this machine lets namespaces be made.
    static let isPermitted = (try? TwoNetworks()) != nil

    struct Failure: Error { let errors: String }

    init() throws {
        let unique = UUID().uuidString.prefix(8).lowercased()
        names = ["a", "b"].map { "medsweep-\(unique)-\($0)" }
        for name in names {
            try ip("netns", "add", name)
            try ip("-n", name, "link", "set", "lo", "up")
        }
        try ip("-n", names[0], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", names[1])
        for (name, address) in zip(names, TwoNetworks.addresses) {
            try ip("-n", name, "address", "add", "\(address)/30", "dev", "cable")
            try ip("-n", name, "link", "set", "cable", "up")
        }
    }

    deinit { for name in names { try? ip("netns", "delete", name) } }

    /// What runs a program inside a namespace: the program's own name and arguments go behind it. It takes the place of
    /// the command that starts it, so that signals reach it.
    func command(in index: Int, _ program: String, _ arguments: [String]) -> (name: String, arguments: [String]) {
        (TwoNetworks.program ?? "ip", ["netns", "exec", names[index], Programs.folder.appending(path: program).path] + arguments)
    }

    /// Pulls the cable out at the second end or plugs it in again.
    func plug(_ isIn: Bool) throws { try ip("-n", names[1], "link", "set", "cable", isIn ? "up" : "down") }

    private func ip(_ arguments: String...) throws {
        guard let program = TwoNetworks.program else { throw Failure(errors: "there is no ip") }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(errors: "\(arguments): \(text)") }
    }
}
