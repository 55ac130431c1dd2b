import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '../schema/detector.ts';
import { attackList, technique } from './attack.ts';
import { loadContent } from './index.ts';

test('the pinned ATT&CK list has every tactic, every technique names tactics it has, and it says where it is from', () => {
  const attack = attackList();
  const techniques = Object.entries(attack.techniques);
  assert.equal(Object.keys(attack.tactics).length, 14);
  assert.ok(techniques.filter(([, one]) => !one.deprecated).length > 600);
  for (const [id, one] of techniques) {
    assert.match(id, /^T\d{4}(\.\d{3})?$/);
    assert.ok(one.deprecated || one.tactics.length > 0, id);
    for (const tactic of one.tactics) assert.ok(Object.hasOwn(attack.tactics, tactic), `${id}: ${tactic}`);
  }
  assert.match(attack.source, /The MITRE Corporation/);
  for (const stage of Stage.options) assert.ok(Object.hasOwn(attack.tactics, stage), stage);
});

test('a technique is found by its id, and nothing else is', () => {
  assert.deepEqual(technique('T1071.001'), { name: 'Web Protocols', tactics: ['command-and-control'] });
  for (const id of ['T9999', '', 'constructor', '__proto__']) assert.equal(technique(id), undefined, id);
});

test('no shipped detector names a technique that MITRE gave up', () => {
  for (const { id, attack } of loadContent().detectors)
    for (const one of attack) assert.equal(technique(one)?.deprecated, undefined, `${id}: ${one}`);
});
