import Foundation

/// The tables that a store is made of, in either dialect.
enum Schema {
    /// Raised with every change of the tables.
    static let version = 1

    /// - `seal`: one row, the secret that lease tokens are sealed with.
    /// - `store.instance`: which store this is: random, so that results that wait somewhere for one are not taken to another.
    /// - `classes`: what a worker must have for a job, once for all jobs alike in it; `weights`: names of pretrained weights,
    ///   a space between; `threads`, `memory`, `gpu_memory`: what the method asks for where the sweep says nothing; `nominal`: the seconds that the first of
    ///   them takes on `Machine.core`.
    /// - `trainings`: what jobs train, once for all jobs that differ in their scoring only; `weights`: the digest of what came of
    ///   it. Whoever decides which job trains holds the row.
    /// - `jobs.holders`: how many sweeps hold the job: those with a row in `sweep_jobs`. One that none holds is done or cancelled;
    ///   `sweep`: the sweep whose policy rules the job, one of those that hold it; `ready`: pending and neither paused nor in its
    ///   backoff; `boost`: an operator's addition to the sweep's priority.
    /// - `jobs.worker`, `instance`: the lease's holder by its name, which is for people, and by what it is known by.
    /// - `queues`: how many jobs are ready, by sweep and class, and the seconds and number of those with a result; `counters`: jobs by
    ///   sweep and state. Both are kept up
    ///   to date by every change, so that nothing is ever counted.
    /// - `jobs.training`: what it trains; `awaiting`: another job trains it, and this one waits for the weights. Of the jobs of a
    ///   training without weights at most one that is pending or leased is not awaiting: it trains.
    /// - `jobs.platform`: that of the checkpoint; `idle_since`: when the last lease ended; `avoid`: the instance of a worker whose
    ///   memory did not do; `replaced_by`: the job that runs in its place with smaller batches.
    /// - `jobs.metrics`, `engine`: the same of `result` by themselves, before it in the row, so that a table of all jobs is made without
    ///   reading losses and lists of files.
    /// - `job_logs`: pieces of a job's log, all its attempts one after the other. `place`, `length`: bytes before the piece and in
    ///   it; `told`: up to where the attempt's own log is in.
    /// - `job_curves`: points of the curves of jobs that run, and those of ended ones at which they were scored.
    /// - `sweeps.expanding`: when the sweep's jobs were last seen being made from its file; null once all are there.
    static func tables(_ dialect: SQLDialect) -> String {
        let key = dialect == .sqlite ? "INTEGER PRIMARY KEY" : "BIGSERIAL PRIMARY KEY"
        let (integer, real, clustered) = words(dialect)
        // Pieces of logs are long: in a clustered table each look at one would read others.
        return """
            CREATE TABLE seal (id \(integer) PRIMARY KEY, secret TEXT NOT NULL);
            CREATE TABLE store (instance TEXT NOT NULL);
            INSERT INTO store (instance) VALUES ('\(UUID().uuidString)');
            CREATE TABLE sweeps (
                id \(key), name TEXT NOT NULL UNIQUE, source TEXT NOT NULL, file TEXT NOT NULL, overrides TEXT NOT NULL,
                contents TEXT NOT NULL, policy TEXT NOT NULL, priority \(integer) NOT NULL, boosted \(integer) NOT NULL DEFAULT 0,
                paused \(integer) NOT NULL DEFAULT 0, submitted \(real) NOT NULL, revision \(integer) NOT NULL, expanding \(real));
            CREATE TABLE classes (
                id \(key), method TEXT NOT NULL, dataset TEXT NOT NULL, fingerprint TEXT NOT NULL, core \(integer) NOT NULL,
                weights TEXT NOT NULL, threads \(integer) NOT NULL, memory \(integer) NOT NULL, gpu_memory \(integer) NOT NULL,
                nominal \(real), UNIQUE (method, dataset, fingerprint, core, weights, threads, memory, gpu_memory));
            CREATE TABLE trainings (id \(key), identity TEXT NOT NULL UNIQUE, weights TEXT);
            CREATE TABLE jobs (
                id \(key), identity TEXT NOT NULL UNIQUE, job TEXT NOT NULL, sweep \(integer) NOT NULL REFERENCES sweeps(id),
                class \(integer) NOT NULL REFERENCES classes(id), holders \(integer) NOT NULL DEFAULT 0,
                boost \(integer) NOT NULL DEFAULT 0, position \(integer) NOT NULL, state TEXT NOT NULL,
                ready \(integer) NOT NULL, paused \(integer) NOT NULL DEFAULT 0, token \(integer) NOT NULL DEFAULT 0,
                failed_attempts \(integer) NOT NULL DEFAULT 0, lost_leases \(integer) NOT NULL DEFAULT 0, worker TEXT,
                instance TEXT, expires \(real),
                not_before \(real) NOT NULL DEFAULT 0, checkpoint TEXT, checkpoint_work \(integer),
                checkpoint_engine TEXT, platform TEXT, idle_since \(real) NOT NULL DEFAULT 0, avoid TEXT,
                ended_token \(integer) NOT NULL DEFAULT 0, result_token \(integer) NOT NULL DEFAULT 0,
                progress TEXT, share \(real) NOT NULL DEFAULT 0, metrics TEXT, engine TEXT, result TEXT, wall \(real),
                finished \(real), training \(integer) REFERENCES trainings(id), awaiting \(integer) NOT NULL DEFAULT 0,
                replaced_by \(integer) REFERENCES jobs(id));
            CREATE INDEX jobs_training ON jobs (training) WHERE training IS NOT NULL;
            CREATE INDEX jobs_awaiting ON jobs (training) WHERE awaiting = 1;
            CREATE INDEX jobs_queue ON jobs (sweep, boost DESC, position) WHERE ready = 1;
            CREATE INDEX jobs_class_queue ON jobs (sweep, class, boost DESC, position) WHERE ready = 1;
            CREATE INDEX jobs_waiting ON jobs (not_before) WHERE state = 'pending' AND ready = 0 AND paused = 0 AND awaiting = 0;
            CREATE INDEX jobs_leased ON jobs (expires) WHERE state = 'leased';
            CREATE INDEX jobs_quarantined ON jobs (id) WHERE state = 'quarantined';
            CREATE INDEX jobs_checkpoint ON jobs (checkpoint) WHERE checkpoint IS NOT NULL;
            CREATE TABLE sweep_jobs (
                sweep \(integer) NOT NULL REFERENCES sweeps(id), job \(integer) NOT NULL REFERENCES jobs(id),
                position \(integer) NOT NULL, revision \(integer) NOT NULL, PRIMARY KEY (sweep, job))\(clustered);
            CREATE INDEX sweep_jobs_position ON sweep_jobs (sweep, position);
            CREATE INDEX sweep_jobs_job ON sweep_jobs (job);
            CREATE TABLE counters (
                sweep \(integer) NOT NULL, state TEXT NOT NULL, count \(integer) NOT NULL, PRIMARY KEY (sweep, state))\(clustered);
            CREATE TABLE queues (
                sweep \(integer) NOT NULL, class \(integer) NOT NULL, ready \(integer) NOT NULL, wall_sum \(real) NOT NULL DEFAULT 0,
                wall_count \(integer) NOT NULL DEFAULT 0, PRIMARY KEY (sweep, class))\(clustered);
            CREATE TABLE attempts (
                job \(integer) NOT NULL, token \(integer) NOT NULL, worker TEXT NOT NULL, instance TEXT NOT NULL, started \(real) NOT NULL,
                ended \(real), outcome TEXT, error TEXT, log_tail TEXT, signal \(integer), PRIMARY KEY (job, token))\(clustered);
            CREATE TABLE result_files (
                sha256 TEXT NOT NULL, job \(integer) NOT NULL, PRIMARY KEY (sha256, job))\(clustered);
            CREATE TABLE datasets (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, color TEXT NOT NULL)\(clustered);
            CREATE TABLE workers (
                instance TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, platform TEXT NOT NULL, seen \(real) NOT NULL, paused \(integer) NOT NULL DEFAULT 0)\(clustered);
            CREATE TABLE events (
                id \(key), at \(real) NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, job \(integer), sweep \(integer));
            CREATE TABLE job_logs (
                job \(integer) NOT NULL, place \(integer) NOT NULL, length \(integer) NOT NULL, token \(integer) NOT NULL,
                told \(integer) NOT NULL, text TEXT NOT NULL, PRIMARY KEY (job, place));
            CREATE TABLE job_curves (
                job \(integer) NOT NULL, work \(integer) NOT NULL, loss \(real), auc \(real), PRIMARY KEY (job, work))\(clustered);
            """
    }

    /// How a dialect says integer, real, and that rows lie in the order of their key.
    private static func words(_ dialect: SQLDialect) -> (integer: String, real: String, clustered: String) {
        dialect == .sqlite ? ("INTEGER", "REAL", " WITHOUT ROWID") : ("BIGINT", "DOUBLE PRECISION", "")
    }
}
