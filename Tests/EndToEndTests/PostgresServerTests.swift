import TestSupport
import Testing

/// The server that other tests keep their sweeps in does what they rely on.
@Suite(.enabled(if: PostgresServer.isInstalled, "PostgreSQL is not installed")) struct PostgresServerTests {
    @Test func startsKeepsItsRowsAndStops() throws {
        let server = try PostgresServer()
        #expect(try server.query("SHOW fsync") == "on")
        #expect(try server.query("SELECT current_user, current_database()") == "medsweep|medsweep")
        _ = try server.query("CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (7)")
        server.kill()
        #expect(throws: PostgresServer.Failure.self) { try server.query("SELECT 1") }
        try server.restart()
        #expect(try server.query("SELECT number FROM numbers") == "7")
        server.stop()
        #expect(throws: PostgresServer.Failure.self) { try server.query("SELECT 1") }
        try server.restart()
        #expect(try server.query("SELECT number FROM numbers") == "7")
    }
}
