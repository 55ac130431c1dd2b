import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleBeside, runtimeProblem } from './runtime.ts';

test('a Node with the JSON.parse flaw is refused with the reason', () => {
  for (const version of ['v24.14.0', 'v24.9.9', 'v22.22.2', 'v20.20.2']) {
    assert.match(runtimeProblem(version) ?? '', /needs Node 24\.14\.1 or newer; this is v2.*CVE-2026-21717/);
  }
});

test('the oldest Node that is allowed, and every newer one, is accepted', () => {
  for (const version of [
    'v24.14.1',
    'v24.15.0',
    'v24.21.0',
    'v25.0.0',
    'v26.10.0-nightly',
    process.version,
  ]) {
    assert.equal(runtimeProblem(version), null);
  }
});

test('a module beside another has its extension, as source and as built', () => {
  assert.equal(moduleBeside('file:///a/src/store/x.ts', './engine').href, 'file:///a/src/store/engine.ts');
  assert.equal(moduleBeside('file:///a/dist/store/x.js', './engine').href, 'file:///a/dist/store/engine.js');
});
