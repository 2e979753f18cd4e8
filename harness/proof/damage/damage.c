/* Which kinds of damage must our audits see, and who must see each? One row per kind.
 *
 * Source of the kinds: what disks, kernels and programs are known to do (howtocorrupt.html), and
 * what was measured of it (audit/INTEGRITY.md 2.1). Some of the SQL forges the schema for a while
 * to do what SQLite refuses: phases are divided by ---, each runs on a connection of its own.
 */
#include "proof/damage/damage_case.h"

/* The agents' table without its types and constraints;
 * its index by state still finds its columns. */
#define LOOSE_COLUMNS                                                                              \
    "run, id, batch, name, state, outcome, pid, spawned_ns, ready_ns, completed_ns, error"
#define FORGE_LOOSE                                                                                \
    "PRAGMA writable_schema = ON; UPDATE main.sqlite_master SET sql ="                             \
    " 'CREATE TABLE agent_executions (" LOOSE_COLUMNS ", PRIMARY KEY (run, id))'"                  \
    " WHERE name = 'agent_executions'; ---"
#define FORGE_WITHOUT_KEY                                                                          \
    "PRAGMA writable_schema = ON; UPDATE main.sqlite_master SET sql ="                             \
    " 'CREATE TABLE agent_executions (" LOOSE_COLUMNS ")' WHERE name = 'agent_executions';"        \
    " DELETE FROM main.sqlite_master WHERE name = 'sqlite_autoindex_agent_executions_1'; ---"
#define FORGE_WITHOUT_INDEX                                                                        \
    "PRAGMA writable_schema = ON; DELETE FROM main.sqlite_master"                                  \
    " WHERE name = 'agent_executions_by_state'; ---"
#define RESTORE                                                                                    \
    "; --- PRAGMA writable_schema = ON; UPDATE main.sqlite_master AS m SET sql = (SELECT w.sql"    \
    " FROM whole.sqlite_master AS w WHERE w.type = m.type AND w.name = m.name);"                   \
    " INSERT INTO main.sqlite_master SELECT * FROM whole.sqlite_master WHERE name NOT IN"          \
    " (SELECT name FROM main.sqlite_master)"

#define OF_VICTIM "(SELECT run, id FROM victim)"
#define BATCH     "(SELECT run, batch FROM victim)"

const struct damage_kind damage_kinds[] = {
    /* ---- pages ---- */
    {"header-bit", "a bit of the file's header is flipped", "one of its 100 bytes", DAMAGE_BY_ANY,
     damage_header, NULL},
    {"leaf-header-bit", "a bit of a leaf's own header or cell pointers is flipped",
     "a leaf of a table", DAMAGE_BY_INTEGRITY, damage_flip,
     &(const struct damage_hit){PAGE_TABLE_LEAF, PAGE_TABLE_LEAF, HIT_HEADER}},
    {"leaf-payload-bit", "a bit of a row is flipped", "payload in a leaf of a table",
     DAMAGE_BY_SNAPSHOT, damage_flip,
     &(const struct damage_hit){PAGE_TABLE_LEAF, PAGE_TABLE_LEAF, HIT_PAYLOAD}},
    {"overflow-bit", "a bit of a long output is flipped", "an overflow page", DAMAGE_BY_ANY,
     damage_flip, &(const struct damage_hit){PAGE_OVERFLOW, PAGE_OVERFLOW, HIT_USED}},
    {"interior-bit", "a bit of an interior page is flipped", "a used byte of it",
     DAMAGE_BY_INTEGRITY, damage_flip,
     &(const struct damage_hit){PAGE_TABLE_INTERIOR, PAGE_INDEX_INTERIOR, HIT_USED}},
    {"index-leaf-bit", "a bit of an index is flipped", "a used byte of a leaf", DAMAGE_BY_INTEGRITY,
     damage_flip, &(const struct damage_hit){PAGE_INDEX_LEAF, PAGE_INDEX_LEAF, HIT_USED}},
    {"freelist-trunk-bit", "a bit of the freelist is flipped", "a used byte of a trunk",
     DAMAGE_BY_INTEGRITY, damage_flip,
     &(const struct damage_hit){PAGE_TRUNK, PAGE_TRUNK, HIT_USED}},
    {"freelist-leaf-bit", "a bit of a free page is flipped", "any byte: nobody reads it",
     DAMAGE_HARMLESS, damage_flip,
     &(const struct damage_hit){PAGE_FREE_LEAF, PAGE_FREE_LEAF, HIT_ANY}},
    {"pointer-map-bit", "a bit of the pointer map is flipped", "an entry of a page that is there",
     DAMAGE_BY_INTEGRITY, damage_flip,
     &(const struct damage_hit){PAGE_POINTER_MAP, PAGE_POINTER_MAP, HIT_USED}},
    {"leaf-zeroed", "a page was never written", "a leaf of a table becomes zeros",
     DAMAGE_BY_INTEGRITY, damage_leaf_zeroed, NULL},
    {"leaf-noise", "a page was overwritten by something else", "a leaf becomes noise",
     DAMAGE_BY_INTEGRITY, damage_leaf_noise, NULL},
    {"leaves-swapped", "two writes went to each other's place", "two leaves of tables",
     DAMAGE_BY_INTEGRITY, damage_leaves_swapped, NULL},
    {"write-misdirected", "a write went to another place", "one leaf over another",
     DAMAGE_BY_INTEGRITY, damage_leaf_misdirected, NULL},
    {"leaf-stale", "a write was lost", "a leaf as it was before its last write", DAMAGE_BY_SNAPSHOT,
     damage_leaf_stale, NULL},
    {"cut-by-pages", "the end of the file is gone", "1 to 8 pages", DAMAGE_BY_ANY, damage_cut_pages,
     NULL},
    {"cut-mid-page", "the file ends within a page", "one of the last 8 pages", DAMAGE_BY_ANY,
     damage_cut_mid_page, NULL},
    {"file-emptied", "the file has no bytes", "cut to 0", DAMAGE_BY_STRUCTURE, damage_emptied,
     NULL},
    {"bytes-behind", "something lies behind the last page", "noise appended", DAMAGE_BY_STRUCTURE,
     damage_bytes_behind, NULL},
    /* ---- indexes ---- */
    {"index-entry-missing", "an index does not know a row", "a partial index for a while",
     DAMAGE_BY_INTEGRITY, damage_rows,
     "PRAGMA writable_schema = ON; UPDATE main.sqlite_master SET sql = sql ||"
     " printf(' WHERE id <> %Q', (SELECT id FROM victim)) WHERE name = 'agent_executions_by_state';"
     " --- REINDEX main.agent_executions_by_state" RESTORE},
    {"index-entry-left", "an index knows a row that is gone", "a row deleted behind its index",
     DAMAGE_BY_INTEGRITY, damage_rows,
     FORGE_WITHOUT_INDEX "DELETE FROM main.agent_executions WHERE (run, id) IN " OF_VICTIM RESTORE},
    {"key-twice", "two rows have one key", "a row copied behind the index of keys",
     DAMAGE_BY_INTEGRITY, damage_rows,
     FORGE_WITHOUT_KEY "INSERT INTO main.agent_executions SELECT * FROM victim" RESTORE},
    /* ---- rows ---- */
    {"commit-lost", "the last commit never reached the disk", "the -wal ends before it",
     DAMAGE_BY_SNAPSHOT, damage_lost_last, NULL},
    {"ten-commits-lost", "the last ten commits never reached the disk", "the -wal ends before them",
     DAMAGE_BY_SNAPSHOT, damage_lost_ten, NULL},
    {"row-deleted", "an agent is gone with all that is its", "DELETE", DAMAGE_BY_SNAPSHOT,
     damage_rows,
     "DELETE FROM main.agent_outputs WHERE (run, id) IN " OF_VICTIM
     "; DELETE FROM main.agent_executions WHERE (run, id) IN " OF_VICTIM},
    {"failure-deleted", "an agent that failed is gone: it left nothing else", "DELETE",
     DAMAGE_BY_SNAPSHOT, damage_rows,
     "DELETE FROM main.agent_executions WHERE (run, id) IN (SELECT e.run, e.id"
     " FROM whole.agent_executions AS e LEFT JOIN whole.agent_outputs AS o ON o.run = e.run"
     " AND o.id = e.id WHERE o.id IS NULL ORDER BY e.rowid * (SELECT spawned_ns FROM victim) %"
     " 9973 LIMIT 1)"},
    {"batch-twice", "a batch is recorded a second time", "the same rows under another number",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "INSERT INTO main.agent_executions SELECT run, '1000000' || substr(id, instr(id, '.')),"
     " 1000000, name, state, outcome, pid, spawned_ns, ready_ns, completed_ns, error"
     " FROM whole.agent_executions WHERE (run, batch) IN " BATCH},
    {"batch-in-two-runs", "a batch is recorded in another run, too", "its rows once more",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "INSERT INTO main.agent_executions SELECT 'another', id, batch, name, state, outcome, pid,"
     " spawned_ns, ready_ns, completed_ns, error FROM whole.agent_executions"
     " WHERE (run, batch) IN " BATCH},
    {"half-a-batch", "some agents of a batch are missing", "every second one, counts made to fit",
     DAMAGE_BY_SNAPSHOT, damage_rows,
     "CREATE TEMP TABLE gone AS SELECT run, id FROM whole.agent_executions WHERE (run, batch)"
     " IN " BATCH " AND rowid % 2 = (SELECT rowid % 2 FROM whole.agent_executions WHERE (run, id)"
     " IN " OF_VICTIM "); DELETE FROM main.agent_outputs WHERE (run, id) IN gone;"
     " DELETE FROM main.agent_executions WHERE (run, id) IN gone;"
     " UPDATE main.consensus_runs AS c SET agents = (SELECT count(*) FROM main.agent_outputs AS o"
     " WHERE o.run = c.run AND o.batch = c.batch), votes = 0 WHERE (run, batch) IN " BATCH},
    {"phantom-agent", "an agent that never ran is recorded", "INSERT", DAMAGE_BY_SNAPSHOT,
     damage_rows,
     "INSERT INTO main.agent_executions SELECT run, '1000001.0', 1000001, name, state, outcome,"
     " pid + 1, spawned_ns + 1, ready_ns + 1, completed_ns + 1, error FROM victim"},
    {"orphan-output", "an output has no agent", "INSERT", DAMAGE_BY_FOREIGN_KEYS, damage_rows,
     "INSERT INTO main.agent_outputs SELECT run, '1000002.0', batch, x'00' FROM victim"},
    {"orphan-consensus", "a consensus has no batch", "INSERT", DAMAGE_BY_CONTRADICTION, damage_rows,
     "INSERT INTO main.consensus_runs SELECT run, 1000003, 'split', NULL, 0, 0, spawned_ns"
     " FROM victim"},
    {"consensus-lost", "the consensus of a batch is gone with its outputs", "DELETE",
     DAMAGE_BY_SNAPSHOT, damage_rows,
     "DELETE FROM main.agent_outputs WHERE (run, batch) IN " BATCH
     "; DELETE FROM main.consensus_runs WHERE (run, batch) IN " BATCH},
    {"verdict-changed", "a consensus says something else", "UPDATE", DAMAGE_BY_SNAPSHOT,
     damage_rows,
     "UPDATE main.consensus_runs SET verdict = CASE verdict WHEN 'split' THEN 'agreed' ELSE 'split'"
     " END WHERE (run, batch) IN " BATCH},
    {"votes-impossible", "a consensus has more votes than agents", "UPDATE, its check ignored",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "PRAGMA ignore_check_constraints = ON; UPDATE main.consensus_runs SET votes = agents + 1"
     " WHERE (run, batch) IN " BATCH},
    {"output-changed", "an output is not what the agent said", "UPDATE: its first byte",
     DAMAGE_BY_SNAPSHOT, damage_rows,
     "UPDATE main.agent_outputs SET output = CAST(x'7e' || substr(output, 2) AS BLOB)"
     " WHERE (run, id) IN " OF_VICTIM},
    {"state-wrong", "an agent's state is not its own", "UPDATE", DAMAGE_BY_SNAPSHOT, damage_rows,
     "UPDATE main.agent_executions SET state = 'interrupted' WHERE (run, id) IN " OF_VICTIM},
    {"state-unknown", "a state that the contract does not know", "UPDATE, its check ignored",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "PRAGMA ignore_check_constraints = ON; UPDATE main.agent_executions SET state = 'lost'"
     " WHERE (run, id) IN " OF_VICTIM},
    {"name-wrong", "an agent has another one's name", "UPDATE", DAMAGE_BY_SNAPSHOT, damage_rows,
     "UPDATE main.agent_executions SET name = name || '?' WHERE (run, id) IN " OF_VICTIM},
    {"pid-wrong", "an agent has another one's process", "UPDATE", DAMAGE_BY_SNAPSHOT, damage_rows,
     "UPDATE main.agent_executions SET pid = pid + 1 WHERE (run, id) IN " OF_VICTIM},
    {"time-wrong", "an agent was ready at another time", "UPDATE: 1 ns", DAMAGE_BY_SNAPSHOT,
     damage_rows,
     "UPDATE main.agent_executions SET ready_ns = ready_ns + 1 WHERE (run, id) IN " OF_VICTIM},
    {"times-backwards", "an agent ended before it was ready", "UPDATE", DAMAGE_BY_CONTRADICTION,
     damage_rows,
     "UPDATE main.agent_executions SET completed_ns = ready_ns - 1 WHERE ready_ns > spawned_ns"
     " AND (run, id) IN " OF_VICTIM},
    {"type-wrong", "a text stands where a number must", "UPDATE under a forged schema",
     DAMAGE_BY_INTEGRITY, damage_rows,
     FORGE_LOOSE
     "UPDATE main.agent_executions SET pid = 'none' WHERE (run, id) IN " OF_VICTIM RESTORE},
    {"value-missing", "nothing stands where something must", "UPDATE under a forged schema",
     DAMAGE_BY_INTEGRITY, damage_rows,
     FORGE_LOOSE
     "UPDATE main.agent_executions SET name = NULL WHERE (run, id) IN " OF_VICTIM RESTORE},
    /* ---- rows that speak against each other ---- */
    {"id-foreign", "an agent is there twice, once with digits that only look alike", "INSERT",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "INSERT INTO main.agent_executions SELECT run, replace(id, '.', char(65294)), batch, name,"
     " state, outcome, pid, spawned_ns + 1, ready_ns + 1, completed_ns + 1, error FROM victim"},
    {"id-of-another-batch", "an agent's id names another batch than its row", "UPDATE",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "UPDATE main.agent_executions SET batch = batch + 1 WHERE (run, id) IN " OF_VICTIM},
    {"name-empty", "an agent has no name", "UPDATE", DAMAGE_BY_CONTRADICTION, damage_rows,
     "UPDATE main.agent_executions SET name = '' WHERE (run, id) IN " OF_VICTIM},
    {"end-missing", "a completed agent has no end", "UPDATE", DAMAGE_BY_CONTRADICTION, damage_rows,
     "UPDATE main.agent_executions SET completed_ns = NULL WHERE (run, id) IN " OF_VICTIM},
    {"reason-missing", "agents failed, and nobody knows why", "UPDATE", DAMAGE_BY_CONTRADICTION,
     damage_rows, "UPDATE main.agent_executions SET error = NULL WHERE state = 'failed'"},
    {"error-invented", "a completed agent has an error", "UPDATE", DAMAGE_BY_SNAPSHOT, damage_rows,
     "UPDATE main.agent_executions SET error = 'it broke' WHERE (run, id) IN " OF_VICTIM},
    {"pid-impossible", "an agent's process is none", "UPDATE: negative", DAMAGE_BY_CONTRADICTION,
     damage_rows, "UPDATE main.agent_executions SET pid = -pid WHERE (run, id) IN " OF_VICTIM},
    {"process-shared", "two agents of a batch were one process at once", "UPDATE",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "UPDATE main.agent_executions SET pid = (SELECT pid FROM victim) WHERE (run, id) IN"
     " (SELECT o.run, o.id FROM whole.agent_outputs AS o, victim AS v WHERE o.run = v.run AND"
     " o.batch = v.batch AND o.id <> v.id LIMIT 1)"},
    {"agent-between-gone", "an agent between others is gone, counts made to fit", "DELETE",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "CREATE TEMP TABLE gone AS SELECT v.run, v.batch || '.0' AS id FROM victim AS v"
     " JOIN whole.consensus_runs AS c ON c.run = v.run AND c.batch = v.batch;"
     " DELETE FROM main.agent_outputs WHERE (run, id) IN gone;"
     " DELETE FROM main.agent_executions WHERE (run, id) IN gone;"
     " UPDATE main.consensus_runs SET agents = agents - 1, votes = votes - 1"
     " WHERE (run, batch) IN " BATCH},
    {"decided-early", "a batch was decided before its agents were ready", "UPDATE",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "UPDATE main.consensus_runs SET decided_ns = (SELECT spawned_ns FROM victim)"
     " WHERE (run, batch) IN " BATCH},
    {"answer-missing", "agents agreed, and nobody knows on what", "UPDATE", DAMAGE_BY_CONTRADICTION,
     damage_rows, "UPDATE main.consensus_runs SET answer = NULL WHERE (run, batch) IN " BATCH},
    {"votes-fewer", "a consensus has fewer votes than its outputs give", "UPDATE",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "UPDATE main.consensus_runs SET votes = votes - 1 WHERE (run, batch) IN " BATCH},
    {"split-invented", "a batch whose agents agree is called split", "UPDATE, counts made to fit",
     DAMAGE_BY_CONTRADICTION, damage_rows,
     "UPDATE main.consensus_runs SET verdict = 'split', answer = NULL, votes = agents / 2"
     " WHERE (run, batch) IN " BATCH},
    {"outputs-differ", "agents agreed, and their outputs do not", "UPDATE", DAMAGE_BY_CONTRADICTION,
     damage_rows,
     "UPDATE main.agent_outputs SET output = CAST(id AS BLOB) WHERE (run, batch)"
     " IN " BATCH},
    {"outputs-exchanged", "two agents have each other's output", "UPDATE", DAMAGE_BY_CONTRADICTION,
     damage_rows,
     "CREATE TEMP TABLE pair AS SELECT o.* FROM whole.agent_outputs AS o, victim AS v WHERE o.run ="
     " v.run AND o.batch = v.batch ORDER BY o.id <> v.id LIMIT 2; UPDATE main.agent_outputs AS o"
     " SET output = (SELECT p.output FROM pair AS p WHERE p.id <> o.id)"
     " WHERE (run, id) IN (SELECT run, id FROM pair)"},
    /* ---- the -wal ---- */
    {"wal-missing", "the -wal is gone", "unlink", DAMAGE_BY_SNAPSHOT, damage_wal_missing, NULL},
    {"wal-cut", "the -wal is cut", "anywhere before its last commit", DAMAGE_BY_SNAPSHOT,
     damage_wal_cut, NULL},
    {"wal-bit", "a bit of the -wal is flipped", "anywhere before its last commit",
     DAMAGE_BY_SNAPSHOT, damage_wal_bit, NULL},
    {"wal-bit-early", "a bit of the -wal is flipped, commits lie behind it",
     "before its last two commits", DAMAGE_BY_STRUCTURE, damage_wal_early_bit, NULL},
    {"wal-header-bit", "a bit of the -wal's header is flipped", "one of its 32 bytes",
     DAMAGE_BY_STRUCTURE, damage_wal_header, NULL},
    {"wal-earlier", "a -wal of an older generation is put back", "all was in the file already",
     DAMAGE_BY_SNAPSHOT, damage_wal_earlier, NULL},
    {"wal-beside-rollback", "a -wal lies beside a file that says it has none", "its header forged",
     DAMAGE_BY_STRUCTURE, damage_wal_beside_rollback, NULL},
    {"shm-noise", "the -shm is noise", "nobody has it open: it is made anew", DAMAGE_HARMLESS,
     damage_shm_noise, NULL},
    /* ---- what the file says of itself ---- */
    {"application-id", "the file says that it is another program's", "PRAGMA application_id",
     DAMAGE_BY_STRUCTURE, damage_rows, "PRAGMA main.application_id = 1"},
    {"user-version", "the file says that it is of another version", "PRAGMA user_version",
     DAMAGE_BY_STRUCTURE, damage_rows, "PRAGMA main.user_version = 2"},
    {"index-dropped", "an index of the contract is missing", "DROP INDEX", DAMAGE_BY_STRUCTURE,
     damage_rows, "DROP INDEX main.agent_executions_by_state"},
    {"table-changed", "a table has a column more", "ALTER TABLE", DAMAGE_BY_STRUCTURE, damage_rows,
     "ALTER TABLE main.agent_executions ADD COLUMN note TEXT"},
    {"check-dropped", "a constraint is gone", "a forged schema that stays", DAMAGE_BY_STRUCTURE,
     damage_rows,
     "PRAGMA writable_schema = ON; UPDATE main.sqlite_master SET sql ="
     " replace(sql, 'CHECK', '/* CHECK */ CHECK (1) CHECK') WHERE name = 'consensus_runs'"},
    {"trigger-added", "a trigger changes rows behind everybody's back", "CREATE TRIGGER",
     DAMAGE_BY_STRUCTURE, damage_rows,
     "CREATE TRIGGER main.helpful AFTER UPDATE ON agent_executions BEGIN"
     " DELETE FROM agent_outputs WHERE run = new.run; END"},
    {"trigger-retyped", "a trigger says that it is something else", "a forged schema that stays",
     DAMAGE_BY_ANY, damage_rows,
     "CREATE TRIGGER main.helpful AFTER UPDATE ON agent_executions BEGIN"
     " DELETE FROM agent_outputs WHERE run = new.run; END; PRAGMA writable_schema = ON;"
     " UPDATE main.sqlite_master SET type = 'Trigger', tbl_name = 'mine' WHERE name = 'helpful'"},
    {"table-alike", "a table has the name of another, but for a blank", "CREATE TABLE",
     DAMAGE_BY_STRUCTURE, damage_rows, "CREATE TABLE main.\"agent_outputs \" (run, id, output)"},
    {"bloat", "most of the file is free pages", "a large table made and dropped",
     DAMAGE_BY_STRUCTURE, damage_rows,
     "CREATE TABLE main.large (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
     " WHERE i < (SELECT 2 * page_count FROM whole.pragma_page_count) + 2000000 /"
     " (SELECT page_size FROM whole.pragma_page_size)) INSERT INTO main.large SELECT"
     " zeroblob((SELECT page_size * 3 / 4 FROM whole.pragma_page_size)) FROM n;"
     " DROP TABLE main.large"},
    {"replaced-by-empty", "another, empty store lies in its place", "all rows deleted, VACUUM",
     DAMAGE_BY_SNAPSHOT, damage_rows,
     "DELETE FROM main.agent_outputs; DELETE FROM main.consensus_runs;"
     " DELETE FROM main.agent_executions; VACUUM main"},
};

const size_t damage_kind_count = sizeof damage_kinds / sizeof damage_kinds[0];
