import Catalogue
import Foundation
import GRDB
import Sweep
import Wire

@testable import Coordinator

/// State folders as earlier versions wrote them.
enum SchemaFixture {
    /// The first version's database with one sweep of two jobs, one of them done.
    static func writeFirst(to file: URL) throws {
        let queue = try DatabaseQueue(path: file.path)
        try SQLiteSchema.migrator.migrate(queue, upTo: "1")
        try queue.write { database in
            try database.execute(sql: "PRAGMA user_version = 1")
            // As it was stored before requirements and retries knew more keys.
            let policy = """
                {"checkpoint":{"seconds":{"_0":60}},"limits":{},"metric":{"goal":"maximize","name":"auc"},"priority":3,\
                "requires":{"device":"any","memory":0},"retry":{"backoffMaximum":900,"backoffMinimum":10,"maxAttempts":3}}
                """
            try database.execute(
                sql: "INSERT INTO sweeps VALUES (1, 'old', 'sweep: old', ?, 100, 1)", arguments: [policy])
            for (seed, state) in ["done", "pending"].enumerated() {
                let job = JobDescription(
                    method: "ae", configuration: ["epochs": 2], dataset: "brain", fingerprint: "f", seed: seed)
                let result = state == "done" ? String(decoding: try WireCoding.encode(StoreConformanceTests.result()), as: UTF8.self) : nil
                try database.execute(
                    sql: """
                        INSERT INTO jobs VALUES (?, ?, 'ae', 'brain', 'f', 1, 1, 3, ?, ?, ?, 0, NULL, NULL, 0, NULL, NULL, 0, ?,
                            NULL, 0, ?, 2.0, 50)
                        """,
                    arguments: [
                        job.identity, String(decoding: try WireCoding.encode(job), as: UTF8.self), seed, state,
                        state == "done" ? 1 : 0, state == "done" ? 1 : 0, result,
                    ])
                try database.execute(sql: "INSERT INTO sweep_jobs VALUES (1, ?, ?, 1)", arguments: [job.identity, seed])
                if state == "done" {
                    try database.execute(
                        sql: "INSERT INTO attempts VALUES (?, 1, 'w', 10, 50, 'done', NULL, NULL, NULL)", arguments: [job.identity])
                    try database.execute(
                        sql: "INSERT INTO events (at, who, what, job, sweep) VALUES (1, 'o', 'submitted', NULL, 'old'), (2, 'w', 'done', ?, NULL)",
                        arguments: [job.identity])
                }
            }
            try database.execute(sql: "INSERT INTO counters VALUES (1, 'done', 1), (1, 'pending', 1)")
            try database.execute(sql: "INSERT INTO datasets VALUES ('brain', 'f')")
        }
        try queue.close()
    }
}
