import Catalogue
import Foundation
import Synchronization
import Wire

/// Engine classes and platforms as the store's columns keep them. There are few, and they are met again and again.
enum EngineText {
    private static let known = Mutex<[String: EngineClass]>([:])
    private static let mostKnown = 1000

    /// The engine class that a column holds.
    static func read(_ text: String) -> EngineClass? {
        if let engine = known.withLock({ $0[text] }) { return engine }
        guard let engine: EngineClass = try? WireCoding.decode(from: Data(text.utf8)) else { return nil }
        known.withLock { known in
            if known.count >= mostKnown { known = [:] }
            known[text] = engine
        }
        return engine
    }

    static func text(_ engine: EngineClass) throws -> String { try Ledger.text(engine) }

    /// Equal platforms have equal texts: the encoder sorts names.
    static func text(_ platform: EngineClass.Platform) throws -> String { try Ledger.text(platform) }
}
