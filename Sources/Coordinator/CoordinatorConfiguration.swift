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
    /// `postgres://user@host/database` to keep the queue there, for several coordinators; `nil`: SQLite in the state folder.
    public var postgres: String?
    /// Where files are kept, for several coordinators a folder that all of them see; `nil`: in the state folder.
    public var artefactFolder: URL?
    /// Certificate and key to serve `https` with; `nil`: plain `http`.
    public var tls: TLSFiles?
    /// Where proxies in front of the coordinator serve its page.
    public var origins: Set<WebOrigin> = []
    /// What a connection may take.
    public var limits = ConnectionLimits()

    public init(
        stateFolder: URL, host: String = "127.0.0.1", port: Int = 7733, leaseDuration: Double = 30,
        heartbeat: Double = 5, tokenFile: URL? = nil, logLevel: Logger.Level = .notice, postgres: String? = nil,
        artefactFolder: URL? = nil
    ) {
        self.stateFolder = stateFolder
        self.host = host
        self.port = port
        self.leaseDuration = leaseDuration
        self.heartbeat = heartbeat
        self.tokenFile = tokenFile
        self.logLevel = logLevel
        self.postgres = postgres
        self.artefactFolder = artefactFolder
    }
}

/// Why a coordinator cannot run: one sentence with the mend.
public struct CoordinatorError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case portInUse
        case cannotListen
        case stateInUse
        /// The state folder is on a file system that other machines may have too.
        case sharedState
        case newerState
        case unwritable
        case badTokens
        case badCertificate
        case notLoopback
        case databaseAway
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
