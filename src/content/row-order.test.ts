import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fractionSums, orderDependence } from './row-order.ts';

const refused: readonly (readonly [sql: string, says: RegExp])[] = [
  [
    'SELECT any(service) FROM connection',
    /^any gives another answer when rows come in another order; use min/,
  ],
  ['SELECT anyIf(service, 1)', /^anyIf gives another answer/],
  ['SELECT anyHeavyArrayIf(x, y)', /^anyHeavyArrayIf gives another answer/],
  ['SELECT first_value(x) OVER (ORDER BY t)', /^first_value/],
  ['SELECT topK(1)(dst_port)[1]', /^topK .*most_frequent/],
  ['SELECT quantile(0.5)(duration_s)', /^quantile .*quantileExact/],
  ['SELECT row_number() OVER (ORDER BY min(time))', /^row_number .*rank\(\)/],
  ['SELECT count() FROM t WHERE time > now()', /^now .*always give the same row/],
  ['SELECT groupArray(20)(x)', /^groupArray lists in the order of rows and drops what comes late/],
  ['SELECT arraySort(groupUniqArray(5)(x))', /^groupUniqArray lists in the order of rows and drops/],
  ['SELECT groupArray(x)', /^groupArray lists in the order of rows; put it into arraySort/],
  [
    'SELECT arraySlice(groupUniqArrayIf(x, y > 1), 1, 3)',
    /^groupUniqArrayIf lists in the order of rows; put/,
  ],
  ['SELECT arraySort(one -> one.1, groupArray((a, b)))', /leaves equal ones so; sort by \(…, one\)$/],
  ['SELECT argMax(dst_ip, bytes)', /argMax takes any .* that tie; write argMax\(dst_ip, \(bytes, dst_ip\)\)/],
  ['SELECT argMinIf(a, (time, b), c)', /^argMinIf takes any of the rows that tie/],
  ['SELECT argMax((a, b), (bytes, a))', /^argMax takes any of the rows that tie/],
  ['SELECT a FROM t ORDER BY a LIMIT 5', /^LIMIT leaves out rows/],
  ['SELECT a FROM t LIMIT 1 BY b', /^LIMIT leaves out rows/],
  ['SELECT sum(n) OVER (ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)', /^a frame of ROWS/],
  ['SELECT DISTINCT ON (a) b FROM t', /^DISTINCT ON/],
  ['SELECT a FROM t ANY LEFT JOIN u USING (b)', /^ANY JOIN takes whichever row comes first/],
  ['SELECT a FROM t ASOF JOIN u USING (b, time)', /^ASOF JOIN/],
];
for (const [sql, says] of refused) {
  test(`what depends on the order of rows is told: ${sql}`, () => {
    const told = orderDependence(sql);
    assert.equal(told.length, 1, told.join('; '));
    assert.match(told[0]!, says);
  });
}

const fine = [
  "SELECT min(service), max(time), uniqExact(x), 'any(x)', `row` FROM t -- any(x)",
  'SELECT /* any(x) */ arraySlice(arraySort(groupUniqArray(x)), 1, 5)',
  'SELECT arraySort(one -> (cityHash64(one), one), groupUniqArrayIf(name, missing))',
  'SELECT argMax(dst_ip, (bytes, dst_ip)), argMin((a, b), (time, a, b)), argMax(f(a, b), tuple(n, f(a, b)))',
  "SELECT groupArraySorted(20000)(x), arrayReduce('any', x), rank() OVER (ORDER BY min(time))",
  'SELECT many(x), any, limit_of(x), rows FROM t WHERE a.limit > 3 AND x > ANY (SELECT y FROM u)',
  'SELECT quantileExact(0.5)(n) OVER (ORDER BY hour RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)',
];
for (const sql of fine) {
  test(`what gives the same in any order passes: ${sql}`, () => assert.deepEqual(orderDependence(sql), []));
}

test('a sum of fractions is told by the types of what is added, a sum of whole numbers passes', () => {
  const sum = (name: string, type: string): string[] => [
    `    FUNCTION id: 2, function_name: ${name}, function_type: aggregate, result_type: Float64`,
    '      ARGUMENTS',
    '        LIST id: 3, nodes: 1',
    `          COLUMN id: 4, column_name: x, result_type: ${type}, source_id: 5`,
    '    COLUMN id: 6, column_name: y, result_type: Float64, source_id: 5',
  ];
  assert.deepEqual(fractionSums(sum('avg', 'UInt64')), []);
  assert.deepEqual(fractionSums(sum('max', 'Float64')), []);
  assert.match(fractionSums(sum('sumIf', 'Nullable(Float64)'))[0]!, /^sumIf adds up fractions/);
  assert.match(fractionSums(sum('avg', 'Float32'))[0]!, /add whole numbers$/);
});
