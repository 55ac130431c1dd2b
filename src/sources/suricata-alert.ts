import type { ExternalAlert } from '../schema/event/alert.ts';
import { dnsName, unplaced } from './checked.ts';
import type { JsonObject } from './json.ts';
import type { SuricataLog, SuricataRecord } from './suricata-record.ts';

/** alert: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-alert */
export const alert: SuricataLog = {
  event_type: 'alert',
  map(r): ExternalAlert {
    const of = r.section('alert');
    return {
      kind: 'external_alert',
      time: r.time(),
      ...r.openedFlow(false),
      ...unplaced,
      engine: 'suricata',
      type: 'alert',
      signature_id: r.count0(of, 'signature_id'),
      name: r.text(of, 'signature'),
      category: r.text(of, 'category'),
      severity: r.code(of, 'severity', 255),
      message: about(r),
      action: r.text(of, 'action'),
      attack: techniques(r, r.section('metadata', of)),
    };
  },
};

/** What the alert was about, from the protocol record that Suricata adds. */
function about(r: SuricataRecord): string {
  const http = r.section('http');
  if (http.hostname !== undefined) return `${r.text(http, 'hostname')}${r.text(http, 'url')}`;
  const sni = r.text(r.section('tls'), 'sni');
  if (sni !== '') return dnsName(sni);
  const asked = r.section('dns').query;
  const first = Array.isArray(asked) ? (asked[0] as JsonObject | undefined) : undefined;
  return dnsName(r.toText('rrname', first?.rrname));
}

/** ATT&CK technique ids of a signature's metadata; some rule sets write T1071_001. */
function techniques(r: SuricataRecord, metadata: JsonObject): string[] {
  const ids = r.toTexts('mitre_technique_id', metadata.mitre_technique_id);
  return ids.map((id) => id.replace('_', '.').toUpperCase()).filter((id) => /^T\d{4}(\.\d{3})?$/.test(id));
}

/** anomaly: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-anomaly */
export const anomaly: SuricataLog = {
  event_type: 'anomaly',
  map(r): ExternalAlert {
    const of = r.section('anomaly');
    return {
      kind: 'external_alert',
      time: r.time(),
      ...r.openedFlow(false),
      ...unplaced,
      engine: 'suricata',
      type: 'anomaly',
      signature_id: 0,
      name: r.text(of, 'event') || `code ${r.label(of, 'code')}`,
      category: r.text(of, 'type'),
      severity: 0,
      message: [r.text(of, 'app_proto'), r.text(of, 'layer')].filter((one) => one !== '').join(' '),
      action: 'allowed',
      attack: [],
    };
  },
};
