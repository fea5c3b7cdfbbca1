import Foundation

/// Where a user's files lie.
public enum UserFolders {
    /// `$HOME`, or else what the system says of the user.
    public static func home(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
        folder("HOME", environment) ?? FileManager.default.homeDirectoryForCurrentUser
    }

    /// `$XDG_CACHE_HOME`, or `~/.cache`.
    public static func caches(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
        folder("XDG_CACHE_HOME", environment) ?? home(environment).appending(path: ".cache", directoryHint: .isDirectory)
    }

    /// Where passing files may lie, the best first.
    public static func temporary(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> [URL] {
        [folder("TMPDIR", environment), URL(filePath: "/tmp", directoryHint: .isDirectory), URL(filePath: "/var/tmp", directoryHint: .isDirectory)]
            .compactMap(\.self)
    }

    /// A relative path there is no folder of the user's (XDG Base Directory Specification).
    private static func folder(_ variable: String, _ environment: [String: String]) -> URL? {
        environment[variable].flatMap { $0.hasPrefix("/") ? URL(filePath: $0, directoryHint: .isDirectory) : nil }
    }
}
