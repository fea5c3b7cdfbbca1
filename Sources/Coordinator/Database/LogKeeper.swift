import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// Moves what SQLite's write-ahead log holds into the database file beside the writer, whose commits would otherwise stand
/// still for it every now and then. What is left when the log has grown long is little, and the writer moves it itself, so
/// that the log begins anew.
final class LogKeeper: Sendable {
    /// Pages in the log after which the writer does its part.
    private static let most: Int32 = 16_000
    /// Pages in the log after which a further part is moved beside it.
    private static let part: Int32 = 1000

    private let mover: DatabaseQueue
    private let queue = DispatchQueue(label: "medsweep.store.log")
    private let state = Mutex(State())

    private struct State {
        var moved: Int32 = 0
        var isMoving = false
        var isClosed = false
    }

    /// - Parameter path: the database that `pool` has open.
    init(path: String, pool: DatabasePool) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0") }
        mover = try DatabaseQueue(path: path, configuration: configuration)
        let context = Unmanaged.passUnretained(self).toOpaque()
        try pool.writeWithoutTransaction { database in
            // It takes the place of SQLite's own checkpoints.
            _ = sqlite3_wal_hook(
                database.sqliteConnection,
                { context, connection, name, pages in
                    let keeper = Unmanaged<LogKeeper>.fromOpaque(context!).takeUnretainedValue()
                    if pages >= LogKeeper.most {
                        // A reader may hold it up: the next commit tries again.
                        sqlite3_wal_checkpoint_v2(connection, name, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                        keeper.state.withLock { $0.moved = 0 }
                    } else {
                        keeper.hear(pages)
                    }
                    return SQLITE_OK
                }, context)
        }
    }

    private func hear(_ pages: Int32) {
        let isToMove = state.withLock { state in
            if pages < state.moved { state.moved = 0 }
            guard pages - state.moved >= Self.part, !state.isMoving, !state.isClosed else { return false }
            state.moved = pages
            state.isMoving = true
            return true
        }
        guard isToMove else { return }
        queue.async { [self] in
            // What fails here, the writer's own part will tell.
            _ = try? mover.writeWithoutTransaction { try $0.checkpoint(.passive) }
            state.withLock { $0.isMoving = false }
        }
    }

    /// To be called before the pool is closed, whose last connection folds up the log.
    func close() {
        state.withLock { $0.isClosed = true }
        queue.sync {}
        try? mover.close()
    }
}
