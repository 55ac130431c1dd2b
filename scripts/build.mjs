// dist/: what `npm pack` ships. Node refuses .ts files under node_modules, so they become .js; everything else that
// lies beside the code (migrations, ...) is copied. content/ is shipped as it is.
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

/** @param {string} text @returns {never} */
function stop(text) {
  console.error(`build: ${text}`);
  process.exit(1);
}

rmSync('dist', { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
if (tsc.status !== 0) stop('tsc found errors; see above.');

const assets = globSync('src/**/*.*', { exclude: ['src/**/*.ts', 'src/**/*.md'] });
for (const asset of assets) {
  const target = join('dist', asset.slice('src/'.length));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(asset, target);
}

// tsc turns './x.ts' into './x.js' in imports only; a path to a child process or worker would point nowhere.
const scripts = globSync('dist/**/*.js');
for (const script of scripts) {
  const [, name] = /['"`](\.[\w./-]*\.ts)['"`]/.exec(readFileSync(script, 'utf8')) ?? [];
  if (name)
    stop(`${script} still names ${name}: use moduleBeside(import.meta.url, ...) of src/base/runtime.ts.`);
}
console.log(`build: ${scripts.length} modules and ${assets.length} other files in dist/`);
