import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenario, scenarios } from './index.ts';
import { sampleStart } from './sample.ts';
import { zeekJson, zeekLogOf } from './zeek-json.ts';

const setting = { seed: 5, start: sampleStart };

test('a connection is written with the names and units of conn.log', () => {
  const first = [...scenario('vertical_scan', { ports: 1, silent_share: 0 }, setting)][0];
  assert.ok(first?.kind === 'connection');
  const line = JSON.parse(zeekJson(first));
  assert.equal(line._path, 'conn');
  assert.equal(line['id.orig_h'], '10.20.1.34');
  assert.equal(line['id.resp_p'], first.dst_port);
  assert.equal(line.proto, 'tcp');
  assert.equal(line.conn_state, 'REJ');
  assert.equal(line.orig_bytes, 0);
  assert.equal(line.history, 'Sr');
  assert.equal(line.service, undefined);
});

test('times keep their microseconds through the text', () => {
  for (const event of scenario('browsing', { hours: 1 }, setting))
    assert.equal(Math.round(JSON.parse(zeekJson(event)).ts * 1e6), event.time);
});

test('every event of every scenario has a log, but for alerts of other engines', () => {
  const small: Record<string, object> = {
    office: { hosts: 3, days: 0.5 },
    sample: { hosts: 15, activity: 0.1 },
  };
  for (const name of Object.keys(scenarios)) {
    for (const event of scenario(name, { ...small[name] }, setting)) {
      const log = zeekLogOf(event);
      if (log === '') {
        assert.equal(event.kind, 'external_alert');
        continue;
      }
      const line = zeekJson(event);
      assert.ok(line.startsWith(`{"_path":"${log}","ts":17`), line);
      assert.ok(!line.includes('\n'));
    }
  }
});
