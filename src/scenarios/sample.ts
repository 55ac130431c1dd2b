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

/** Hours after the start: two ordinary days with oddities, then the third day's chain from one desk. */
function partsOf({ hosts, activity }: SampleParams): readonly Part[] {
  return [
    part(office, { hosts, activity, days: 3, monitored: 'servers' }),
    part(new_laptop, { after_h: 32.4, hours: 8 }),
    part(video_upload, { after_h: 38.35 }),
    part(printer_firmware, { after_h: 57.1 }),
    part(phishing_click, { after_h: 56.9, click_after_min: 38 }),
    part(beacon, { after_h: 57.6, hours: 8.5, gap_s: 60, jitter: 0.2, missed_share: 0.03 }),
    part(horizontal_scan, { after_h: 59.4, network: '10.20.0', hosts: 508, rate: 9, alive_share: 0.05 }),
    part(vertical_scan, { after_h: 59.6, ports: 400, rate: 6 }),
    part(lateral_movement, { after_h: 61.2, targets: 6 }),
    part(collection, { after_h: 62.1, megabytes: 1300 }),
    part(exfil, { after_h: 63.1, megabytes: 1250, minutes: 35 }),
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
