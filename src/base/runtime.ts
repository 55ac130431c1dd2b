/**
 * Oldest Node that Weir runs on. Before 24.14.1 about 2 MB of hostile JSON holds `JSON.parse` for more than 30 s
 * (CVE-2026-21717, hash collisions of integer-like keys), and Weir parses what strangers send.
 */
export const oldestNode = '24.14.1';

/** What to tell the person when `version` ("v24.21.0") is too old for Weir; null when it is not. */
export function runtimeProblem(version: string): string | null {
  if (isAtLeast(version, oldestNode)) return null;
  return (
    `Weir needs Node ${oldestNode} or newer; this is ${version}. ` +
    'Older ones can be stopped by a log line (CVE-2026-21717). ' +
    'In a checkout, `npm start` and `npm run weir --` bring the right one along.'
  );
}

/** The module `name` beside the module at `from` (`import.meta.url`), as source or as built: worker and child processes
 * take a file, and there the build does not turn .ts into .js as it does in imports. */
export function moduleBeside(from: string, name: string): URL {
  return new URL(name + (from.endsWith('.ts') ? '.ts' : '.js'), from);
}

function isAtLeast(version: string, least: string): boolean {
  const have = numbers(version);
  const need = numbers(least);
  const differs = need.findIndex((part, at) => part !== have[at]);
  return differs === -1 || (have[differs] ?? 0) > (need[differs] ?? 0);
}

function numbers(version: string): number[] {
  return version.replace(/^v/, '').split(/[.-]/).slice(0, 3).map(Number);
}
