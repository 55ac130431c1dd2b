/**
 * Isolation forest: ours and scikit-learn's in turn, on the same rows, in the same run. One thread each.
 *   node bench/forest.ts [rows=100000] [columns=20] [turns=5]
 * scikit-learn is installed into a throw-away environment in the temporary folder if it is not there yet.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '../src/base/random.ts';
import { median } from '../src/base/stats.ts';
import { fitForest, isolationForest, openForest, scoreRows } from '../src/models/isolation-forest.ts';

const rows = Number(process.argv[2] ?? 100_000);
const columns = Number(process.argv[3] ?? 20);
const turns = Number(process.argv[4] ?? 5);
const strange = Math.floor(rows / 100);

const PEER = `
import sys, time, json
import numpy as np
from sklearn.ensemble import IsolationForest
path, rows, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
x = np.fromfile(path, dtype='<f8').reshape(rows, columns)
import sklearn
m = IsolationForest(n_estimators=100, max_samples=256, random_state=1, n_jobs=1)
a = time.perf_counter(); m.fit(x); b = time.perf_counter(); s = -m.score_samples(x); c = time.perf_counter()
s.astype('<f8').tofile(path + '.scores')
print(json.dumps({'fit_s': b - a, 'score_s': c - b, 'version': sklearn.__version__}))
`;

function python(): string {
  const home = join(tmpdir(), 'weir-bench-sklearn');
  const at = join(home, 'bin', 'python');
  if (!existsSync(at)) {
    execFileSync('python3', ['-m', 'venv', home]);
    execFileSync(at, ['-m', 'pip', 'install', '-q', 'scikit-learn'], { stdio: 'inherit' });
  }
  return at;
}

/** Clusters of ordinary rows, and one in a hundred from a wide cloud around them. */
function makeRows(): Float64Array {
  const dice = random(1);
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const centre = dice.below(4) * 2;
    const spread = r < strange ? 5 : 1;
    for (let c = 0; c < columns; c++) values[r * columns + c] = centre + spread * dice.normal();
  }
  return values;
}

/** Chance that a strange row scores above an ordinary one. */
function areaUnderCurve(scores: Float64Array): number {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  let ranks = 0;
  order.forEach((row, rank) => {
    if (row < strange) ranks += rank + 1;
  });
  return (ranks - (strange * (strange + 1)) / 2) / (strange * (rows - strange));
}

const seconds = (work: () => void): number => {
  const from = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - from) / 1e9;
};

const folder = mkdtempSync(join(tmpdir(), 'weir-forest-'));
try {
  const values = makeRows();
  const matrix = { rows, columns, values };
  const path = join(folder, 'rows.f8');
  writeFileSync(path, new Uint8Array(values.buffer));
  const params = isolationForest.params.parse({});
  const peer_python = python();
  const times: Record<string, number[]> = { fit: [], score: [], peer_fit: [], peer_score: [] };
  let scores = new Float64Array();
  let version = '';
  for (let turn = 0; turn < turns; turn++) {
    let state = fitForest({ rows: 0, columns, values: new Float64Array() }, params, 1);
    times.fit!.push(
      seconds(() => {
        state = fitForest(matrix, params, 1);
      }),
    );
    times.score!.push(
      seconds(() => {
        scores = new Float64Array(scoreRows(matrix, openForest(state)));
      }),
    );
    const peer = JSON.parse(
      execFileSync(peer_python, ['-c', PEER, path, String(rows), String(columns)], {
        env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
      }).toString(),
    ) as { fit_s: number; score_s: number; version: string };
    times.peer_fit!.push(peer.fit_s);
    times.peer_score!.push(peer.score_s);
    version = peer.version;
  }
  const peer_scores = new Float64Array(new Uint8Array(readFileSync(`${path}.scores`)).buffer);
  const m = Object.fromEntries(Object.entries(times).map(([k, v]) => [k, median(v)])) as Record<
    string,
    number
  >;
  const rate = (s: number) => `${Math.round(rows / s / 1000)}k rows/s`;
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, scikit-learn ${version}`,
  );
  console.log(
    `${rows} rows x ${columns} columns, 100 trees x 256, medians of ${turns} turns, one thread each`,
  );
  console.log(
    `first turn of ours (cold): fit ${times.fit![0]!.toFixed(3)} s, score ${times.score![0]!.toFixed(3)} s`,
  );
  console.log(
    `fit    weir ${m.fit!.toFixed(3)} s (with calibration), scikit-learn ${m.peer_fit!.toFixed(3)} s: ${(m.peer_fit! / m.fit!).toFixed(1)} x`,
  );
  console.log(
    `score  weir ${rate(m.score!)}, scikit-learn ${rate(m.peer_score!)}: ${(m.peer_score! / m.score!).toFixed(1)} x`,
  );
  console.log(
    `AUC    weir ${areaUnderCurve(scores).toFixed(4)}, scikit-learn ${areaUnderCurve(peer_scores).toFixed(4)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
