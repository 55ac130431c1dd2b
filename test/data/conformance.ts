import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** What the tests share that hold Weir against Zeek's own test suite. */
export interface ZeekTest {
  readonly test: string;
  readonly cmds: readonly string[];
  readonly traces: readonly string[];
  readonly baseline: string;
  readonly logs: readonly string[];
}

/** Tests whose script or command line changes what is logged of a connection. */
export const otherwise: Readonly<Record<string, string>> = {
  'scripts/base/frameworks/netcontrol/packetfilter.zeek': 'the script makes Zeek drop packets',
  'core/pcap/dynamic-filter.zeek': 'the script changes the packet filter while it runs',
  'core/print-bpf-filters.zeek': 'a packet filter is set',
};

/** Tests of the pack zeek-btest, unpacked in `root`. */
export function zeekTests(root: string): ZeekTest[] {
  return JSON.parse(readFileSync(join(root, 'trace_baseline_map.json'), 'utf8')) as ZeekTest[];
}

/** A file, unpacked when it is gzip. */
export function bytesOf(path: string): Buffer {
  const file = readFileSync(path);
  return file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file;
}

/** Captures below a folder, by name. */
export function capturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:pcap|pcapng|cap|trace)(?:\.gz)?$/.test(name))
    .map((name) => join(folder, name))
    .filter((name) => statSync(name).isFile())
    .sort();
}

const page = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url));

/** Compares sections of docs/conformance.md with what a test found; with WEIR_WRITE_DOCS=1 writes them. */
export function assertPage(sections: Readonly<Record<string, string>>): void {
  let text = readFileSync(page, 'utf8');
  const write = process.env.WEIR_WRITE_DOCS === '1';
  for (const [name, section] of Object.entries(sections)) {
    const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
    assert.match(text, marked, `docs/conformance.md has no place for ${name}`);
    const next = text.replace(marked, (_, open: string, close: string) => `${open}${section}\n${close}`);
    if (!write) assert.equal(text, next, 'make the tables anew: WEIR_WRITE_DOCS=1 npm run test:data');
    text = next;
  }
  if (write) writeFileSync(page, text);
}
