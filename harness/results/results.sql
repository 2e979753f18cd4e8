-- results/spawnbench.sqlite: every sample and finding, append-only. application_id 0x73706e62 ("spnb").
-- Times ending in _ns are CLOCK_MONOTONIC nanoseconds unless the name says wall.
-- Schema version 6. Columns with a default came after version 1: migrate.c adds them to older stores,
-- and -1 stands for what was not known. Tables and triggers it makes by running this text once more.
-- A cost that scenario/metric.h names and this text does not gets its column in cycles from there.

CREATE TABLE IF NOT EXISTS runs (
    id               INTEGER PRIMARY KEY,
    scenario_name    TEXT    NOT NULL,
    scenario_path    TEXT    NOT NULL,
    scenario_text    TEXT    NOT NULL,
    options_json     TEXT    NOT NULL,
    environment_json TEXT    NOT NULL,
    command          TEXT    NOT NULL,
    version          TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('partial', 'complete')),
    note             TEXT    NOT NULL,
    seed             INTEGER NOT NULL,
    started_wall_ns  INTEGER NOT NULL,
    ended_wall_ns    INTEGER NOT NULL,
    sittings         INTEGER NOT NULL,
    planned          INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS arms (
    run            INTEGER NOT NULL REFERENCES runs (id),
    arm            INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    command        TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    records        INTEGER NOT NULL,
    clean          INTEGER NOT NULL,
    restarts       INTEGER NOT NULL,
    user_us        INTEGER NOT NULL,
    system_us      INTEGER NOT NULL,
    peak_memory_kb INTEGER NOT NULL,
    starts         INTEGER NOT NULL DEFAULT 1,  -- 0: it said that it starts nothing
    pooled         INTEGER NOT NULL DEFAULT 0,  -- 1: it said that its agents began before they were asked for
    open_ns        INTEGER NOT NULL DEFAULT -1, -- from the start of its first process to "opened"
    log_cut        INTEGER NOT NULL DEFAULT 0,  -- bytes that were cut out of its log, which grew too long
    PRIMARY KEY (run, arm)
) STRICT;

CREATE TABLE IF NOT EXISTS cycles (
    run            INTEGER NOT NULL REFERENCES runs (id),
    cycle          INTEGER NOT NULL,           -- index in the plan
    sitting        INTEGER NOT NULL,
    pair           INTEGER NOT NULL,           -- negative: warm-up
    block          INTEGER NOT NULL,
    arm            INTEGER NOT NULL,
    value          INTEGER NOT NULL,           -- index of the batch size
    place          INTEGER NOT NULL,
    warmup         INTEGER NOT NULL,
    outcome        TEXT    NOT NULL,
    sent_ns        INTEGER NOT NULL,
    answered_ns    INTEGER NOT NULL,
    spawn_time_ns  INTEGER NOT NULL,           -- -1: not every agent became ready
    ready_time_ns  INTEGER NOT NULL,
    finish_ns      INTEGER NOT NULL,
    audit_ns       INTEGER NOT NULL,
    harness_ns     INTEGER NOT NULL,
    consensus      TEXT    NOT NULL,
    agents         INTEGER NOT NULL,
    agents_ready   INTEGER NOT NULL,
    agents_recorded INTEGER NOT NULL,
    failure        TEXT    NOT NULL,           -- 'cancels', 'degrades', or '' (see verdict)
    cpu_ns         INTEGER NOT NULL DEFAULT -1,
    peak_bytes     INTEGER NOT NULL DEFAULT -1,
    steal_ticks    INTEGER NOT NULL DEFAULT -1, -- these five: struct run_strain
    total_ticks    INTEGER NOT NULL DEFAULT -1,
    pressure_us    INTEGER NOT NULL DEFAULT -1,
    throttled      INTEGER NOT NULL DEFAULT -1,
    suspended_ns   INTEGER NOT NULL DEFAULT -1,
    strain_ns      INTEGER NOT NULL DEFAULT -1, -- in so long those five happened: from reading to reading
    stopped_ns     INTEGER NOT NULL DEFAULT -1, -- so long we were stopped or the machine slept: its pair is no sample
    strangers_ns   INTEGER NOT NULL DEFAULT -1, -- CPU time of all processes but ours and our subjects'
    attested       INTEGER NOT NULL DEFAULT -1, -- bits of enum cycle_attest: asked of an agent or more
    witnessed      INTEGER NOT NULL DEFAULT -1, -- ready agents whose start somebody else attested
    contents       INTEGER NOT NULL DEFAULT -1, -- ... whose output was held against it or 'expect'
    unread         INTEGER NOT NULL DEFAULT -1, -- 1: its store was to be read and stayed locked
    page_bytes     INTEGER NOT NULL DEFAULT -1, -- of a page of its store
    PRIMARY KEY (run, cycle)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS agents (
    run          INTEGER NOT NULL,
    cycle        INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    pid          INTEGER NOT NULL,
    start_ns     INTEGER NOT NULL,
    main_ns      INTEGER NOT NULL,
    own_ready_ns INTEGER NOT NULL,
    ready_ns     INTEGER NOT NULL,
    recorded_ns  INTEGER NOT NULL,
    exit_status  INTEGER NOT NULL,
    exit_signal  INTEGER NOT NULL,
    error        TEXT    NOT NULL,
    cpu_ns       INTEGER NOT NULL DEFAULT -1,
    peak_bytes   INTEGER NOT NULL DEFAULT -1,
    witness      TEXT    NOT NULL DEFAULT '',  -- 'self', 'launcher', 'none'; '': not known
    witness_pid  INTEGER NOT NULL DEFAULT 0,   -- who connected, by the kernel's word
    costs_of     TEXT    NOT NULL DEFAULT '',  -- whose cpu_ns and peak_bytes: 'tree', 'process'; '': not known
    PRIMARY KEY (run, cycle, ordinal),
    FOREIGN KEY (run, cycle) REFERENCES cycles (run, cycle)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS findings (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES runs (id),
    cycle    INTEGER NOT NULL,                 -- -1: of the run as a whole
    arm      INTEGER NOT NULL,
    rule     TEXT    NOT NULL,
    severity TEXT    NOT NULL CHECK (severity IN ('integrity', 'conduct')),
    agent    TEXT    NOT NULL,
    text     TEXT    NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS findings_by_run ON findings (run, cycle);

-- What looked into a subject's store, and when; since version 3. No row: nothing did.
CREATE TABLE IF NOT EXISTS audits (
    run            INTEGER NOT NULL REFERENCES runs (id),
    cycle          INTEGER NOT NULL,           -- -1: after the subject was closed
    arm            INTEGER NOT NULL,
    level          TEXT    NOT NULL CHECK (level IN ('quick', 'full')),
    rows           INTEGER NOT NULL,           -- that were read one by one
    spent_ns       INTEGER NOT NULL,
    database_bytes INTEGER NOT NULL,
    wal_bytes      INTEGER NOT NULL,
    PRIMARY KEY (run, cycle, arm)
) STRICT, WITHOUT ROWID;

-- What audits of whole databases came to, rule by rule and object by object: of stores that their subjects had
-- closed, and of databases that agents share; since version 6. No row: not asked.
CREATE TABLE IF NOT EXISTS answers (
    run      INTEGER NOT NULL REFERENCES runs (id),
    arm      INTEGER NOT NULL,                 -- -1: of a database that agents share
    database TEXT    NOT NULL,                 -- its path; '': the subject's store
    rule     TEXT    NOT NULL,
    object   TEXT    NOT NULL,                 -- table or index; '': the whole
    answer   TEXT    NOT NULL CHECK (answer IN ('held', 'broken', 'not_checked')),
    count    INTEGER NOT NULL,
    why      TEXT    NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS answers_by_run ON answers (run, arm);

-- Databases that agents share: what each look saw, and the rows of each table where they had changed since the look
-- before; since version 6.
CREATE TABLE IF NOT EXISTS shared (
    run       INTEGER NOT NULL REFERENCES runs (id),
    look      INTEGER NOT NULL,                -- counts within the run
    database  TEXT    NOT NULL,                -- its path; {home}/...: in folders of agents; or a pattern that found nothing
    moment    TEXT    NOT NULL CHECK (moment IN ('before', 'cycle', 'end')),
    cycle     INTEGER NOT NULL,                -- after this one; -1: before the first, or at the end
    answer    TEXT    NOT NULL CHECK (answer IN ('held', 'broken', 'not_checked', 'absent')),
    charged   INTEGER NOT NULL,                -- 1: broken, and it was sound before
    why       TEXT    NOT NULL,
    told      TEXT    NOT NULL,                -- what is no finding
    files     INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    wal_bytes INTEGER NOT NULL,
    wal_peak  INTEGER NOT NULL,                -- since the look before
    rows      INTEGER NOT NULL,                -- of all tables; -1: not known
    spent_ns  INTEGER NOT NULL,
    locked_ns INTEGER NOT NULL,                -- so long writers were held up by the copy
    PRIMARY KEY (run, look, database)
) STRICT;

CREATE TABLE IF NOT EXISTS shared_rows (
    run      INTEGER NOT NULL REFERENCES runs (id),
    look     INTEGER NOT NULL,
    database TEXT    NOT NULL,
    name     TEXT    NOT NULL,                 -- of a table
    rows     INTEGER NOT NULL,
    PRIMARY KEY (run, look, database, name)
) STRICT;
-- Who held the locks of databases while agents were started, by samples of /proc/locks; since version 6. No row: they
-- were not looked at. One row for each database and exchange of a cycle.
CREATE TABLE IF NOT EXISTS locks (
    run           INTEGER NOT NULL,
    cycle         INTEGER NOT NULL,
    arm           INTEGER NOT NULL,
    stage         TEXT    NOT NULL CHECK (stage IN ('start', 'finish')),
    place         INTEGER NOT NULL,            -- among those of this cycle: homes of agents have databases of one name
    database      TEXT    NOT NULL,            -- its path; '': the subject's store
    match         TEXT    NOT NULL CHECK (match IN ('device', 'inode', 'none')),
    looks         INTEGER NOT NULL,
    span_ns       INTEGER NOT NULL,            -- from the first look to the last
    gap_ns        INTEGER NOT NULL,            -- the longest time between two of them
    holds         INTEGER NOT NULL,            -- of the write lock, that were told apart
    write_ns      INTEGER NOT NULL,            -- so long it was held; the others likewise
    exclusive_ns  INTEGER NOT NULL,
    pending_ns    INTEGER NOT NULL,
    checkpoint_ns INTEGER NOT NULL,
    recover_ns    INTEGER NOT NULL,
    read_ns       INTEGER NOT NULL,
    spent_ns      INTEGER NOT NULL,            -- CPU time of looking, all databases and both exchanges of the cycle
    looks_all     INTEGER NOT NULL,            -- looks of both exchanges
    lost          INTEGER NOT NULL,            -- looks and holds that were not kept whole, likewise
    PRIMARY KEY (run, cycle, place),
    FOREIGN KEY (run, cycle) REFERENCES cycles (run, cycle)
) STRICT, WITHOUT ROWID;

-- The longest holds of these locks; and, with a fate, agents that fared ill while another held the write lock.
CREATE TABLE IF NOT EXISTS holds (
    run         INTEGER NOT NULL,
    cycle       INTEGER NOT NULL,
    arm         INTEGER NOT NULL,
    stage       TEXT    NOT NULL,
    database    TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    who         TEXT    NOT NULL,              -- 'agent', 'subject', 'below', 'run', 'ours', 'stranger', 'no_pid'
    agent       TEXT    NOT NULL,              -- its id; ''
    name        TEXT    NOT NULL,              -- of the agent, else of the process
    pid         INTEGER NOT NULL,
    begin_ns    INTEGER NOT NULL,
    seen_ns     INTEGER NOT NULL,              -- at least, but for releases that were not seen
    most_ns     INTEGER NOT NULL,              -- at most
    fate        TEXT    NOT NULL,              -- 'failed', 'timed_out', 'slowest', 'ended_badly'; '': a hold
    waiter      TEXT    NOT NULL,              -- that agent's id
    waiter_name TEXT    NOT NULL,
    span_ns     INTEGER NOT NULL,              -- that agent's time, and how much of it others held the lock
    held_ns     INTEGER NOT NULL,
    FOREIGN KEY (run, cycle) REFERENCES cycles (run, cycle)
) STRICT;

CREATE INDEX IF NOT EXISTS holds_by_run ON holds (run, cycle);

CREATE TABLE IF NOT EXISTS verdicts (
    run    INTEGER NOT NULL REFERENCES runs (id),
    claim  TEXT    NOT NULL,
    value  INTEGER NOT NULL,
    word   TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    PRIMARY KEY (run, claim, value)
) STRICT;

CREATE TABLE IF NOT EXISTS plans (
    run         INTEGER PRIMARY KEY REFERENCES runs (id),
    fingerprint INTEGER NOT NULL,              -- of every item in its order, see plan_fingerprint
    text        TEXT    NOT NULL
) STRICT;

-- What is known beside the samples, as JSON: proofs of integrity, calibrations of this machine, runs named as a
-- baseline, steps in history that were accepted; since version 4. The newest of a kind and name counts.
CREATE TABLE IF NOT EXISTS documents (
    id           INTEGER PRIMARY KEY,
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    run          INTEGER REFERENCES runs (id),  -- NULL: of no run
    made_wall_ns INTEGER NOT NULL,
    text         TEXT    NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS documents_by_name ON documents (kind, name);

CREATE TRIGGER IF NOT EXISTS documents_are_not_updated BEFORE UPDATE ON documents
BEGIN SELECT RAISE(ABORT, 'a stored document is final'); END;

CREATE TRIGGER IF NOT EXISTS documents_are_not_deleted BEFORE DELETE ON documents
BEGIN SELECT RAISE(ABORT, 'a stored document is final'); END;

CREATE TRIGGER IF NOT EXISTS documents_are_not_replaced BEFORE INSERT ON documents
WHEN EXISTS (SELECT 1 FROM documents WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a stored document is final'); END;

-- What a verdict rests on was declared before the first cycle, and stays so.
CREATE TRIGGER IF NOT EXISTS plans_are_not_updated BEFORE UPDATE ON plans
BEGIN SELECT RAISE(ABORT, 'the plan of a run is final'); END;

CREATE TRIGGER IF NOT EXISTS plans_are_not_deleted BEFORE DELETE ON plans
BEGIN SELECT RAISE(ABORT, 'the plan of a run is final'); END;

-- REPLACE would delete without a word to the trigger above.
CREATE TRIGGER IF NOT EXISTS plans_are_not_replaced BEFORE INSERT ON plans
WHEN EXISTS (SELECT 1 FROM plans WHERE run = NEW.run)
BEGIN SELECT RAISE(ABORT, 'the plan of a run is final'); END;

CREATE TRIGGER IF NOT EXISTS runs_keep_what_was_asked BEFORE UPDATE OF scenario_text, seed ON runs
BEGIN SELECT RAISE(ABORT, 'the scenario and the seed of a run are final'); END;
