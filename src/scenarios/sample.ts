import { z } from 'zod';
import { beacon } from './attack/beacon.ts';
import { collection } from './attack/collection.ts';
import { exfil } from './attack/exfil.ts';
import { horizontal_scan } from './attack/horizontal-scan.ts';
import { lateral_movement } from './attack/lateral-movement.ts';
import { phishing_click } from './attack/phishing-click.ts';
import { vertical_scan } from './attack/vertical-scan.ts';
import { new_laptop } from './harmless/new-laptop.ts';
import { printer_firmware } from './harmless/printer-firmware.ts';
import { video_upload } from './harmless/video-upload.ts';
import { merge } from './merge.ts';
import { office } from './office/office.ts';
import type { Scenario } from './scenario.ts';

/** Monday 3 March 2025, 00:00 UTC: a start that makes the three days of the sample working days. */
export const sampleStart = 1_740_960_000_000_000;

const HOUR_S = 3600;

interface SampleParams {
  readonly hosts: number;
  readonly activity: number;
}

interface Part {
  readonly scenario: Scenario<unknown>;
  readonly params: unknown;
}

/** Completes the parameters of one part by the part's own defaults. */
function part<P>(scenario: Scenario<P>, params: Record<string, unknown>): Part {
  return { scenario: scenario as unknown as Scenario<unknown>, params: scenario.params.parse(params) };
}

/** Two ordinary days with oddities, then the third day's chain from one desk. */
function partsOf({ hosts, activity }: SampleParams): readonly Part[] {
  return [
    part(office, { hosts, activity, days: 3, monitored: 'servers' }),
    part(new_laptop, { after_s: 32.4 * HOUR_S, hours: 8 }),
    part(video_upload, { after_s: 38.35 * HOUR_S }),
    part(printer_firmware, { after_s: 57.1 * HOUR_S }),
    part(phishing_click, { after_s: 56.9 * HOUR_S, click_after_min: 38 }),
    part(beacon, { after_s: 57.6 * HOUR_S, hours: 8.5, gap_s: 60, jitter: 0.2, missed_share: 0.03 }),
    part(horizontal_scan, {
      after_s: 59.4 * HOUR_S,
      network: '10.20.0',
      hosts: 508,
      rate: 9,
      alive_share: 0.05,
    }),
    part(vertical_scan, { after_s: 59.6 * HOUR_S, ports: 400, rate: 6 }),
    part(lateral_movement, { after_s: 61.2 * HOUR_S, targets: 6 }),
    part(collection, { after_s: 62.1 * HOUR_S, megabytes: 1300 }),
    part(exfil, { after_s: 63.1 * HOUR_S, megabytes: 1250, minutes: 35 }),
  ];
}

export const sample: Scenario<SampleParams> = {
  doc: 'Two ordinary days of a small office, then a click on a link, a beacon, scans, lateral movement and exfiltration.',
  harmful: true,
  params: z.strictObject({
    hosts: z.int().min(15).max(200).default(16).describe('desks; desk 15 is the one that goes wrong'),
    activity: z.number().min(0.1).max(5).default(0.35).describe('how much people do'),
  }),
  generate: (params, setting) =>
    merge(...partsOf(params).map((one) => one.scenario.generate(one.params, setting))),
  answer: (params, setting) =>
    partsOf(params)
      .flatMap((one) => one.scenario.answer(one.params, setting))
      .sort((a, b) => a.from - b.from),
};
