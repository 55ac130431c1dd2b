import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { Content } from '../../content/index.ts';
import type { Detector } from '../../schema/detector.ts';
import type { Finding } from '../../schema/finding.ts';
import {
  type Control,
  findSnapshot,
  type Handle,
  listSnapshots,
  packState,
  saveProgress,
  saveSnapshot,
  unpackState,
} from '../../store/control/index.ts';
import type { StandingState } from '../detectors.ts';
import type { SchedulerState } from '../scheduler.ts';

/** Layout of what is written here. */
const layout = 1;
/** The name under which findings that were seen are kept, beside those of detectors. */
const seen_name = 'seen';
/** Instants beyond what a column of the control store holds. */
const latest = Number.MAX_SAFE_INTEGER;

/** Where detection goes on after a restart. */
export interface Checkpoint {
  readonly detectors: SchedulerState;
  /** what detectors saw so far, before it was folded and ranked */
  readonly seen: readonly Finding[];
  /** up to which all windows were judged, µs since 1970; 0: nothing was */
  readonly known_until: number;
}

/** What is to be written, packed before the transaction that all others wait for. */
export interface PackedCheckpoint {
  save(handle: Handle, now: number): Promise<void>;
}

/** What a detector's state depends on: with other content it begins anew. */
function hashOf(content: Content, detector: Detector): string {
  const feature = content.features.get(detector.features);
  const { tests: _, ...of } = detector;
  return createHash('sha256')
    .update(JSON.stringify([of, feature?.sql]))
    .digest('hex')
    .slice(0, 32);
}

/** Packs the state of all detectors at one instant. What they go on with after this call is not in it. */
export async function packCheckpoint(
  content: Content,
  detectors: readonly Detector[],
  state: SchedulerState,
  seen: readonly Finding[],
  known_until: number,
): Promise<PackedCheckpoint> {
  const window_end = Math.min(known_until, latest);
  // Written one after the other, so that no two states are held twice.
  const rows: Parameters<typeof saveSnapshot>[1][] = [];
  for (const one of detectors) {
    const standing = state[one.id];
    if (standing === undefined) continue;
    const packed = await packState(serialize(standing));
    rows.push({ detector: one.id, window_end, layout, content_hash: hashOf(content, one), packed });
  }
  const packed = await packState(serialize(seen));
  rows.push({ detector: seen_name, window_end, layout, content_hash: '', packed });
  return {
    async save(handle, now) {
      for (const row of rows) {
        await saveSnapshot(handle, row, now);
        const { detector, content_hash } = row;
        await saveProgress(handle, { detector, judged_to: window_end, content_hash }, now);
      }
    },
  };
}

/**
 * The newest checkpoint. A detector whose content has changed since goes on from where it was, without what it had learned: it
 * learns again from what is stored, and tells only what is new. `anew`: up to when such a one was told.
 */
export async function findCheckpoint(
  control: Control,
  content: Content,
  detectors: readonly Detector[],
): Promise<Checkpoint & { readonly anew: ReadonlyMap<string, number> }> {
  const found: Record<string, StandingState> = {};
  const anew = new Map<string, number>();
  const newest = async (name: string): Promise<{ end: number; hash: string; state: unknown } | null> => {
    const [first] = await listSnapshots(control, name);
    if (first === undefined || first.layout !== layout) return null;
    const packed = await findSnapshot(control, name, first.window_end);
    if (packed === null) return null;
    return {
      end: first.window_end,
      hash: first.content_hash,
      state: deserialize(await unpackState(packed)) as unknown,
    };
  };
  for (const one of detectors) {
    const snapshot = await newest(one.id);
    if (snapshot === null) continue;
    if (snapshot.hash === hashOf(content, one)) found[one.id] = snapshot.state as StandingState;
    else anew.set(one.id, (snapshot.state as StandingState).judged_until);
  }
  const seen = await newest(seen_name);
  return {
    detectors: found,
    anew,
    seen: (seen?.state as Finding[] | undefined) ?? [],
    known_until: seen?.end === latest ? Number.POSITIVE_INFINITY : (seen?.end ?? 0),
  };
}
