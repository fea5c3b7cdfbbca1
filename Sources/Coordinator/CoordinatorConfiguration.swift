import Foundation
import Logging

/// How a coordinator runs.
public struct CoordinatorConfiguration: Sendable {
    /// The folder that keeps the queue, results and files.
    public var stateFolder: URL
    public var host: String
    /// 0: any free one.
    public var port: Int
    /// Seconds until a lease runs out without a heartbeat.
    public var leaseDuration: Double
    /// Seconds between heartbeats.
    public var heartbeat: Double
    /// Lines of `worker TOKEN` or `operator TOKEN`; `nil`: no tokens, loopback only.
    public var tokenFile: URL?
    public var logLevel: Logger.Level

    public init(
        stateFolder: URL, host: String = "127.0.0.1", port: Int = 7733, leaseDuration: Double = 30,
        heartbeat: Double = 5, tokenFile: URL? = nil, logLevel: Logger.Level = .notice
    ) {
        self.stateFolder = stateFolder
        self.host = host
        self.port = port
        self.leaseDuration = leaseDuration
        self.heartbeat = heartbeat
        self.tokenFile = tokenFile
        self.logLevel = logLevel
    }
}

/// Why a coordinator cannot run: one sentence with the mend.
public struct CoordinatorError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case portInUse
        case cannotListen
        case stateInUse
        case newerState
        case unwritable
        case badTokens
        case notLoopback
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
