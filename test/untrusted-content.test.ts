// Statements that content might hold to reach beyond the events. Each is tried twice: by the check that content passes
// when it is read, and straight at the engine in the way that statements of content are run.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadContent } from '../src/content/index.ts';
import { sqlProblem } from '../src/content/sql-check.ts';
import { readable_tables } from '../src/schema/readable.ts';
import { openStore, type Store } from '../src/store/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-untrusted-'));
const secret = join(folder, 'secret.txt');
const words = 'a line nobody may read';
writeFileSync(secret, `${words}\n`);
const written = join(folder, 'written');
let calls = 0;
const listener = createServer((_, res) => {
  calls++;
  res.end(words);
});
let store: Store;
before(async () => {
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  store = await openStore({ directory: null });
  await store.command("INSERT INTO run (run_id) VALUES ('of somebody')");
});
after(async () => {
  await store.close();
  listener.close();
  rmSync(folder, { recursive: true, force: true });
});
const url = (): string => `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;

/** harmless: why the engine may answer it, though the check refuses it. */
type Attempt = readonly [sql: string, harmless?: string];
const attempts: readonly Attempt[] = [
  ["SELECT * FROM file('SECRET', 'LineAsString')"],
  ["SELECT file('SECRET')"],
  ["SELECT `file`('SECRET')"],
  ["SELECT FILE('SECRET')"],
  ["SELECT src_ip FROM connection WHERE file('SECRET') != ''"],
  ["SELECT (SELECT * FROM file('SECRET', 'LineAsString')) AS a"],
  ["SELECT src_ip FROM connection WHERE src_ip IN (SELECT line FROM file('SECRET', 'LineAsString'))"],
  ["SELECT src_ip FROM connection UNION ALL SELECT * FROM file('SECRET', 'LineAsString')"],
  ["WITH (SELECT file('SECRET')) AS a SELECT a"],
  ["WITH a AS (SELECT * FROM file('SECRET', 'LineAsString')) SELECT * FROM a"],
  ["SELECT arrayMap(x -> file('SECRET'), [1])"],
  ["SELECT * FROM connection AS c, file('SECRET', 'LineAsString') AS f"],
  ["SELECT * FROM connection AS c LEFT JOIN file('SECRET', 'LineAsString') AS f ON 1 = 1"],
  ["SELECT /* FROM connection */ * FROM /* */ file('SECRET', 'LineAsString') -- FROM connection"],
  ['SELECT * FROM `SECRET`'],
  ['SELECT * FROM "SECRET"'],
  ["SELECT 1 INTO OUTFILE 'WRITTEN'"],
  ["SELECT 1 INTO OUTFILE 'WRITTEN' TRUNCATE FORMAT CSV"],
  ["SELECT * FROM url('URL', 'LineAsString')"],
  ["SELECT * FROM urlCluster('default', 'URL', 'LineAsString')"],
  ["SELECT * FROM s3('URLbucket/a.csv', 'CSV', 'a String')"],
  ["SELECT * FROM gcs('URLbucket/a.csv', 'CSV', 'a String')"],
  ["SELECT * FROM hdfs('hdfs://127.0.0.1:9000/a', 'TSV', 'a String')"],
  ["SELECT * FROM azureBlobStorage('URL', 'a', 'b', 'c', 'd', 'CSV', 'auto', 'a String')"],
  ["SELECT * FROM iceberg('URLa')"],
  ["SELECT * FROM deltaLake('URLa')"],
  ["SELECT * FROM hudi('URLa')"],
  ["SELECT * FROM remote('127.0.0.1', 'weir', 'run')"],
  ["SELECT * FROM remoteSecure('127.0.0.1', 'weir', 'run')"],
  ["SELECT * FROM cluster('default', 'weir', 'run')"],
  ["SELECT * FROM mysql('127.0.0.1:3306', 'a', 'b', 'c', 'd')"],
  ["SELECT * FROM postgresql('127.0.0.1:5432', 'a', 'b', 'c', 'd')"],
  ["SELECT * FROM mongodb('127.0.0.1:27017', 'a', 'b', 'c', 'd', 'e String')"],
  ["SELECT * FROM redis('127.0.0.1:6379', 'k', 'k String, v String')"],
  ["SELECT * FROM sqlite('SECRET', 'a')"],
  ["SELECT * FROM jdbc('a', 'b', 'c')"],
  ["SELECT * FROM odbc('DSN=a', 'b', 'c')"],
  ["SELECT * FROM executable('sh', 'TSV', 'a String')"],
  ["SELECT * FROM input('a String')"],
  ["SELECT * FROM merge('weir', '^run$')"],
  ["SELECT * FROM merge('system', '.*')"],
  ["SELECT * FROM view(SELECT * FROM file('SECRET', 'LineAsString'))"],
  ["SELECT * FROM viewIfPermitted(SELECT run_id FROM weir.run ELSE null('run_id String'))", 'gives the ELSE'],
  ["SELECT * FROM fuzzJSON('URL')"],
  ["SELECT * FROM loop('weir', 'run')"],
  ["SELECT * FROM mergeTreeIndex('weir', 'run')"],
  ['SELECT * FROM numbers(10)', 'numbers only'],
  ["SELECT * FROM generateRandom('a UInt8', 1, 1, 1) LIMIT 3", 'numbers only'],
  ["SELECT * FROM values('a String', 'x')", 'what it says itself'],
  ['SELECT * FROM run'],
  ['SELECT * FROM weir.run'],
  ['SELECT * FROM finding'],
  ['SELECT src_ip FROM connection WHERE src_ip IN run'],
  ['SELECT src_ip FROM connection WHERE src_ip IN weir.run'],
  ['SELECT * FROM (WITH run AS (SELECT 1 AS a) SELECT a FROM run) AS x, run AS y'],
  ['SELECT name FROM system.users'],
  ['SELECT query FROM system.processes', 'its own statement'],
  ['SELECT * FROM system.one', 'a zero'],
  ['SELECT * FROM information_schema.tables', 'names of what it may read'],
  ['SELECT * FROM INFORMATION_SCHEMA.COLUMNS', 'names of what it may read'],
  ["SELECT dictGet('a', 'b', 1)"],
  ["SELECT * FROM dictionary('a')"],
  ["SELECT joinGet('weir.run', 'run_id', 1)"],
  ["SELECT hasColumnInTable('weir', 'run', 'run_id')"],
  ["SELECT getSetting('readonly')", 'its own settings'],
  ['SELECT hostName(), currentUser(), version()', 'the name of the machine, to its own owner'],
  ['SELECT sleep(1)', 'takes a second'],
  ['SELECT addressToLine(1)'],
  ["SELECT arrayReduce('nothing_such', [1])"],
  ['SELECT 1 SETTINGS readonly = 0'],
  ['SELECT src_ip FROM connection SETTINGS max_memory_usage = 0'],
  ['SELECT 1; SELECT * FROM run'],
  ["SELECT 1; SET ROLE everything; SELECT file('SECRET')"],
  ['SET ROLE everything'],
  ['SET readonly = 0'],
  ['DROP TABLE connection'],
  ['TRUNCATE TABLE connection'],
  ['INSERT INTO role (host) VALUES (1)'],
  ["INSERT INTO FUNCTION file('WRITTEN', 'TSV', 'a String') SELECT 'x'"],
  ["INSERT INTO FUNCTION url('URL', 'TSV', 'a String') SELECT 'x'"],
  ['ALTER TABLE connection DELETE WHERE 1'],
  ["CREATE TABLE mine (a String) ENGINE = File(TSV, 'WRITTEN')"],
  ["CREATE FUNCTION mine AS x -> file('SECRET')"],
  [
    "CREATE DICTIONARY d (a String) PRIMARY KEY a SOURCE(FILE(path 'SECRET' format 'TSV')) LAYOUT(FLAT()) LIFETIME(0)",
  ],
  ['CREATE USER mine'],
  ["ATTACH TABLE mine FROM 'WRITTEN' (a String) ENGINE = MergeTree ORDER BY a"],
  ["BACKUP TABLE connection TO File('WRITTEN')"],
  ['SYSTEM SHUTDOWN'],
  ['KILL QUERY WHERE 1'],
  ['SHOW TABLES'],
  ['EXPLAIN SELECT 1', 'a plan'],
  ["EXPLAIN SELECT (SELECT file('SECRET'))"],
  ["DESCRIBE (SELECT * FROM file('SECRET', 'LineAsString'))"],
  ["DESCRIBE url('URL', 'LineAsString')"],
  ['SELECT $$a$$, file($$SECRET$$)'],
  ['SELECT 1 FORMAT Null', 'nothing'],
];
const filled = (sql: string): string =>
  sql.replaceAll('SECRET', secret).replaceAll('WRITTEN', written).replaceAll('URL', url());

describe('a statement that reaches beyond the events', () => {
  for (const [sql, harmless] of attempts) {
    it(`is refused when content is read: ${sql}`, () => {
      assert.notEqual(sqlProblem(filled(sql), 'query', readable_tables), null);
    });
    it(`${harmless ? `gives nothing away (${harmless})` : 'is refused'} by the engine: ${sql}`, async () => {
      const before = calls;
      let answer: unknown = null;
      try {
        answer = await store.query(filled(sql), {}, { of_content: true });
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'store_failed', String(error));
      }
      if (!harmless) assert.equal(answer, null, JSON.stringify(answer));
      const text = JSON.stringify(answer);
      assert.ok(!text.includes(words) && !text.includes('of somebody'), text);
      assert.equal(calls, before, 'it called out');
      assert.ok(!existsSync(written), 'it wrote a file');
      assert.deepEqual(readdirSync(folder), ['secret.txt']);
    });
  }
  it('fills the table of a roll-up and no other', async () => {
    await store.command('CREATE TABLE rollup_mine (host String) ENGINE = MergeTree ORDER BY host');
    const fill = { of_content: true, fills: true } as const;
    await store.command("INSERT INTO rollup_mine (host) SELECT 'a'", {}, fill);
    for (const sql of [
      "INSERT INTO role (host) SELECT 'a'",
      'INSERT INTO rollup_mine (host) SELECT run_id FROM run',
      'INSERT INTO rollup_mine (host) SELECT name FROM system.users',
      `INSERT INTO rollup_mine (host) SELECT file('${secret}')`,
      "INSERT INTO rollup_mine (host) SELECT 'a'; DROP TABLE role",
      "INSERT INTO weir.role (host) SELECT 'a'",
      'DROP TABLE rollup_mine',
    ])
      await assert.rejects(store.command(sql, {}, fill), { code: 'store_failed' }, sql);
    assert.deepEqual(await store.query('SELECT host FROM rollup_mine'), [{ host: 'a' }]);
    await store.command('DROP TABLE rollup_mine');
  });
  it('leaves the store as it was', async () => {
    assert.deepEqual(await store.query('SELECT run_id FROM run'), [{ run_id: 'of somebody' }]);
    assert.deepEqual(await store.query('SELECT count() AS n FROM connection'), [{ n: 0 }]);
  });
});

describe('a condition cannot leave its place', () => {
  const conditions = [
    "1) AS worth FROM file('SECRET', 'LineAsString') --",
    '1 -- comment',
    '1 /* comment */',
    '1, 2',
    'src_ip IN run',
    '(SELECT 1 FROM run) = 1',
    '1 FORMAT CSV',
    "1 INTO OUTFILE 'WRITTEN'",
    '1 UNION ALL SELECT 1',
    "src_ip = '\\') OR file(\\'SECRET'",
  ];
  for (const sql of conditions)
    it(sql, () => {
      const problem = sqlProblem(filled(sql), 'expression', readable_tables);
      if (sql.startsWith("src_ip = '\\'"))
        assert.equal(problem, null, 'one text, quoted as the engine reads it');
      else assert.notEqual(problem, null);
    });
});

it('what ships passes', () => {
  assert.ok(loadContent().detectors.length > 20);
});

it('what people need passes', () => {
  for (const sql of [
    'SELECT DISTINCT src_ip, count() AS n FROM connection AS c GROUP BY src_ip HAVING n > 3 ORDER BY n DESC NULLS LAST LIMIT 5',
    'WITH a AS (SELECT src_ip FROM dns), 3 AS k SELECT src_ip, k FROM a WHERE src_ip IN (SELECT host FROM role) UNION ALL SELECT src_ip, 1 FROM tls',
    "SELECT CASE WHEN dst_port = 1 THEN 'a' ELSE 'b' END AS x, CAST(dst_port AS UInt32), dst_port::UInt32, time + INTERVAL 1 HOUR FROM connection",
    'SELECT x.1, tuple(1, 2).2, quantileExact(0.5)(src_bytes), sum(src_bytes) OVER (PARTITION BY src_ip ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM connection ARRAY JOIN [1, 2] AS y',
    'SELECT src_ip FROM connection FINAL INNER JOIN tls AS t USING (src_ip, dst_ip) WHERE src_ip NOT LIKE {a:String} AND NOT (dst_port BETWEEN 1 AND 5) AND src_bytes IS NOT NULL',
  ])
    assert.equal(sqlProblem(sql, 'query', readable_tables), null, sql);
});
