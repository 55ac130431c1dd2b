// Derives content/attack.json (technique ids, names and tactics, nothing else) from MITRE's STIX bundle of enterprise
// ATT&CK: node scripts/attack.mjs path/to/enterprise-attack.json[.zst]
import { readFileSync, writeFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';

const [path] = process.argv.slice(2);
if (!path) throw new Error('usage: node scripts/attack.mjs enterprise-attack.json[.zst]');
const bytes = readFileSync(path);
const text = (path.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString('utf8');
/** @type {{ objects: any[] }} */
const bundle = JSON.parse(text);
/** @param {any} object */
const id = (object) =>
  object.external_references?.find((/** @type {any} */ one) => one.source_name === 'mitre-attack')
    ?.external_id;
const live = bundle.objects.filter((one) => !one.revoked && !one.x_mitre_deprecated);
/** @type {Record<string, unknown>} */
const tactics = {};
for (const one of live.filter((object) => object.type === 'x-mitre-tactic'))
  tactics[one.x_mitre_shortname] = { id: id(one), name: one.name };
/** @type {Record<string, unknown>} */
const techniques = {};
const patterns = live.filter((object) => object.type === 'attack-pattern' && id(object));
for (const one of patterns.sort((a, b) => (id(a) < id(b) ? -1 : 1))) {
  techniques[id(one)] = {
    name: one.name,
    tactics: one.kill_chain_phases.map((/** @type {any} */ phase) => phase.phase_name),
  };
}
const collection = bundle.objects.find((one) => one.type === 'x-mitre-collection');
const newest = patterns
  .map((one) => one.modified)
  .sort()
  .at(-1)
  ?.slice(0, 10);
const lines = [
  '{',
  '  "source": "MITRE ATT&CK enterprise, https://attack.mitre.org. © The MITRE Corporation. Reproduced and distributed with the permission of The MITRE Corporation.",',
  `  "version": ${JSON.stringify(collection?.x_mitre_version ?? newest)},`,
  '  "tactics": {',
  Object.entries(tactics)
    .map(([name, tactic]) => `    ${JSON.stringify(name)}: ${JSON.stringify(tactic)}`)
    .join(',\n'),
  '  },',
  '  "techniques": {',
  Object.entries(techniques)
    .map(([key, technique]) => `    ${JSON.stringify(key)}: ${JSON.stringify(technique)}`)
    .join(',\n'),
  '  }',
  '}',
];
writeFileSync(new URL('../content/attack.json', import.meta.url), `${lines.join('\n')}\n`);
console.log(`${Object.keys(techniques).length} techniques, ${Object.keys(tactics).length} tactics`);
