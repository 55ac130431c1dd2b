import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fragments, fillFragments } from './fragments.ts';

const fragments: Fragments = new Map([
  ['failed', { takes: [], sql: "conn_state = 'REJ'" }],
  ['often', { takes: ['value'], sql: 'topOf($value, $value)' }],
  ['pair', { takes: ['a', 'b'], sql: '[$a, $b]' }],
  ['both', { takes: [], sql: 'x AND $(failed)' }],
  ['round', { takes: [], sql: '$(circle)' }],
  ['circle', { takes: [], sql: '$(round)' }],
]);

const cases: readonly (readonly [title: string, sql: string, filled: string])[] = [
  ['a name', 'countIf($(failed))', "countIf((conn_state = 'REJ'))"],
  ['what it takes', '$(often(dst_ip))', '(topOf(dst_ip, dst_ip))'],
  ['several', '$(pair(if(a, b, c), d[1, 2]))', '([if(a, b, c), d[1, 2]])'],
  ['text with commas and brackets', "$(pair('a, (b', 'it\\'s)'))", "(['a, (b', 'it\\'s)'])"],
  ['one in another', '$(often($(pair(1, 2))))', '(topOf(([1, 2]), ([1, 2])))'],
  ['one made of others', '$(both)', "(x AND (conn_state = 'REJ'))"],
  ['nothing to fill', "SELECT '$' || $1", "SELECT '$' || $1"],
];
for (const [title, sql, filled] of cases) {
  test(`a fragment in SQL: ${title}`, () => assert.equal(fillFragments(sql, fragments, 'x.sql'), filled));
}

const wrong: readonly (readonly [title: string, sql: string, says: RegExp])[] = [
  ['an unknown name', '$(nothing)', /x\.sql: \$\(nothing\) is not in _fragments\.yaml; there are failed, /],
  ['too little', '$(pair(1))', /\$\(pair\) takes \(a, b\), but 1 given/],
  ['too much', '$(failed(1))', /\$\(failed\) takes nothing, but 1 given/],
  ['no end', 'SELECT $(failed', /"\$\(failed" is no \$\(name\)/],
  ['a circle', '$(round)', /uses itself/],
];
for (const [title, sql, says] of wrong) {
  test(`a fragment that cannot be filled says why: ${title}`, () =>
    assert.throws(() => fillFragments(sql, fragments, 'x.sql'), says));
}
