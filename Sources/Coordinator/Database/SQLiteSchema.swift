import Foundation
import GRDB

/// The tables of the SQLite database.
enum SQLiteSchema {
    /// Refuses a database that a newer program has written, before anything is touched.
    /// - Throws: ``CoordinatorError``
    static func refuseNewer(_ folder: StateFolder) throws(CoordinatorError) {
        guard let file = FileHandle(forReadingAtPath: folder.database.path) else { return }
        defer { try? file.close() }
        // `user_version` stands at byte 60 of the file, big-endian; an open log may hold a newer page, which then is
        // one of this program's.
        guard let header = try? file.read(upToCount: 64), header.count == 64 else { return }
        let version = header[60..<64].reduce(0) { $0 << 8 | Int($1) }
        if version > Schema.version {
            throw CoordinatorError(
                .newerState, "the state folder '\(folder.url.path)' was written by a newer medsweep (schema \(version), this one knows \(Schema.version)); use that version, or another folder with --state")
        }
    }

    /// Makes the tables in a database that has none.
    static func create(_ writer: any DatabaseWriter) throws {
        try writer.write { database in
            guard try Int.fetchOne(database, sql: "PRAGMA user_version") != Schema.version else { return }
            try database.execute(sql: Schema.tables(.sqlite) + "PRAGMA user_version = \(Schema.version)")
        }
    }
}
