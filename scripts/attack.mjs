// Derives content/attack.json (ids, names and tactics of techniques, nothing else) from MITRE's STIX bundle of enterprise
// ATT&CK (https://github.com/mitre/cti or https://github.com/mitre-attack/attack-stix-data):
//   node scripts/attack.mjs enterprise-attack.json[.zst] [version]
// The version is read from the bundle where it has one (attack-stix-data), else it must be given.
import { readFileSync, writeFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';

/**
 * What is read of a STIX object.
 * @typedef {{
 *   type: string, name: string, modified: string, revoked?: boolean, x_mitre_deprecated?: boolean,
 *   x_mitre_shortname?: string, x_mitre_version?: string,
 *   external_references?: { source_name: string, external_id?: string }[],
 *   kill_chain_phases?: { kill_chain_name: string, phase_name: string }[],
 * }} StixObject
 */

const [path, given_version] = process.argv.slice(2);
if (!path) throw new Error('usage: node scripts/attack.mjs enterprise-attack.json[.zst] [version]');
const bytes = readFileSync(path);
const text = (path.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString('utf8');
/** @type {{ objects: StixObject[] }} */
const { objects } = JSON.parse(text);

/** @param {StixObject} object */
const id = (object) =>
  object.external_references?.find((one) => one.source_name === 'mitre-attack')?.external_id ?? '';
/** @param {StixObject} a @param {StixObject} b */
const byId = (a, b) => (id(a) < id(b) ? -1 : 1);
/** @param {StixObject} object */
const old = (object) => object.revoked === true || object.x_mitre_deprecated === true;

const version = given_version ?? objects.find((one) => one.type === 'x-mitre-collection')?.x_mitre_version;
if (!version) throw new Error('the bundle does not name its version: give it as the second argument');
const tactics = objects.filter((one) => one.type === 'x-mitre-tactic' && !old(one)).sort(byId);
const of_id = new Map();
// An id that was given anew stands for what it means now; what is only old is kept, because others still name it.
for (const one of objects.filter((object) => object.type === 'attack-pattern' && id(object) !== '')) {
  const before = of_id.get(id(one));
  if (!before || old(before)) of_id.set(id(one), one);
}
/** @type {StixObject[]} */
const techniques = [...of_id.values()].sort(byId);
const changed = techniques
  .map((one) => one.modified.slice(0, 10))
  .sort()
  .at(-1);

/** @param {(readonly [string, unknown])[]} entries */
const lines = (entries) =>
  entries.map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n');

const file = `{
  "source": "MITRE ATT&CK for Enterprise, https://attack.mitre.org; ids, names and tactics only, by scripts/attack.mjs. © 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation; the license is in NOTICE.",
  "version": ${JSON.stringify(version)},
  "changed": ${JSON.stringify(changed)},
  "tactics": {
${lines(tactics.map((one) => [one.x_mitre_shortname ?? '', { id: id(one), name: one.name }]))}
  },
  "techniques": {
${lines(
  techniques.map((one) => [
    id(one),
    {
      name: one.name,
      tactics: (one.kill_chain_phases ?? [])
        .filter((phase) => phase.kill_chain_name === 'mitre-attack')
        .map((phase) => phase.phase_name),
      ...(old(one) && { deprecated: true }),
    },
  ]),
)}
  }
}
`;
writeFileSync(new URL('../content/attack.json', import.meta.url), file);
console.log(
  `ATT&CK ${version}: ${techniques.length} techniques (${techniques.filter(old).length} deprecated), ${tactics.length} tactics`,
);
