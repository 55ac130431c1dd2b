import { type RecordOf, table, text, texts, u8, u64, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

/** What another engine said: Suricata alerts, Zeek notices, Zeek weird and Suricata anomalies. */
export const external_alert = table(
  'external_alert',
  'One alert, notice or protocol oddity reported by another engine.',
  {
    ...when,
    ...flow,
    ...placed,
    engine: word('suricata or zeek'),
    type: word('alert, notice, weird, anomaly'),
    signature_id: u64('Suricata sid, 0 when none'),
    name: text('signature, notice type or weird name'),
    category: text('class of the signature'),
    severity: u8('1 high, 2 medium, 3 low, 4 informational, as Suricata counts; 0 unknown'),
    message: text('text for people'),
    action: word('allowed, blocked, ...'),
    attack: texts('ATT&CK technique ids when the signature names them'),
  },
);
export type ExternalAlert = RecordOf<typeof external_alert>;
