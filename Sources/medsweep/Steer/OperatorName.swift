import Foundation

/// Who asks, for the event log.
enum OperatorName {
    /// `USER@HOST` of this process.
    static var current: String {
        make(environment: ProcessInfo.processInfo.environment, account: NSUserName(), machine: machine)
    }

    /// - Parameters:
    ///   - account: the user's name when the environment has none, as in many containers.
    ///   - machine: the host's name when the environment has none.
    static func make(environment: [String: String], account: String, machine: String) -> String {
        func first(_ candidates: String?...) -> String {
            candidates.compactMap { $0?.oneLine }.first { !$0.isEmpty } ?? "unknown"
        }
        return "\(first(environment["USER"], environment["LOGNAME"], account))@\(first(environment["HOSTNAME"], machine))"
    }

    /// The kernel's name of this machine: unlike `ProcessInfo`'s it asks no name server.
    private static var machine: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
