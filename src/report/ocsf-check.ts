import { z } from 'zod';

/**
 * The part of OCSF 1.5.0 that Weir writes, with what the schema requires and the ids it allows
 * (https://schema.ocsf.io/1.5.0/classes/detection_finding and the objects it holds). Strict: what is not here is not written.
 */
const time = z.int().min(0);
const uid = z.string().min(1);
const text = z.string();
const number_of = <T extends readonly number[]>(...ids: T) => z.literal(ids as unknown as T[number][]);

const Tactic = z.strictObject({ uid: z.string().regex(/^TA\d{4}$/), name: text });
const Technique = z.strictObject({ uid: z.string().regex(/^T\d{4}(\.\d{3})?$/), name: text });
const SubTechnique = z.strictObject({ uid: z.string().regex(/^T\d{4}\.\d{3}$/), name: text });
const Attack = z.strictObject({
  version: text,
  tactic: Tactic.optional(),
  technique: Technique,
  sub_technique: SubTechnique.optional(),
});

/** 0 Unknown, 1 Rule, 2 Behavioral, 3 Statistical, 4 Learning (ML/DL), 99 Other */
const Analytic = z.strictObject({
  uid,
  name: uid,
  category: text,
  type_id: number_of(0, 1, 2, 3, 4, 99),
  type: text,
});

const KillChainPhase = z.strictObject({ phase_id: number_of(0, 1, 2, 3, 4, 5, 6, 7, 99), phase: text });

const FindingInfo = z.strictObject({
  uid,
  title: text,
  desc: text,
  created_time: time,
  first_seen_time: time,
  last_seen_time: time,
  types: z.array(text),
  analytic: Analytic,
  attacks: z.array(Attack),
  kill_chain: z.array(KillChainPhase).optional(),
  data_sources: z.array(text),
  related_events: z.array(z.strictObject({ uid, type_uid: z.int(), type: text })),
  related_events_count: z.int().min(0),
});

const Endpoint = z.strictObject({
  ip: z.string().regex(/^[0-9a-f.:]+$/),
  port: z.int().min(1).max(65_535).optional(),
  hostname: text.optional(),
});

/** 0 Unknown, 1 Inbound, 2 Outbound, 3 Lateral, 99 Other */
const ConnectionInfo = z.strictObject({
  direction_id: z.number().refine((id) => [0, 1, 2, 3, 99].includes(id)),
  direction: text,
  protocol_name: text.optional(),
});

const EvidenceData = z.strictObject({
  event_id: uid,
  table: text,
  time,
  file: text,
  line: z.int(),
  offset: z.int(),
  says: text,
  raw: text.optional(),
});

/** At least one of what it holds beside its name; `data` is missing where the ends of a finding stand for an event. */
const Evidences = z
  .strictObject({
    uid: uid.optional(),
    name: text.optional(),
    src_endpoint: Endpoint.optional(),
    dst_endpoint: Endpoint.optional(),
    connection_info: ConnectionInfo.optional(),
    data: EvidenceData.optional(),
  })
  .refine((one) => one.src_endpoint ?? one.dst_endpoint ?? one.data, 'an evidence must show something');

const Timespan = z.strictObject({ start_time: time, end_time: time, type_id: z.literal(9), type: text });
const Observation = z.strictObject({ value: text, count: z.int().optional(), timespan: Timespan.optional() });
const Observed = z.strictObject({
  observation_parameter: uid,
  observation_type: text,
  observed_pattern: text,
  observations: z.array(Observation).min(1),
});
const AnomalyAnalysis = z.strictObject({
  analysis_targets: z.array(z.strictObject({ name: uid, type: text })),
  baselines: z.array(Observed),
  anomalies: z.array(Observed).min(1),
});

/** 1 Hostname, 2 IP Address, 4 User Name */
const Observable = z.strictObject({
  name: uid,
  type_id: z.number().refine((id) => [1, 2, 4].includes(id)),
  type: text,
  value: text,
});

/** One OCSF Detection Finding as Weir writes it. */
export const Ocsf = z.strictObject({
  class_uid: z.literal(2004),
  class_name: z.literal('Detection Finding'),
  category_uid: z.literal(2),
  category_name: z.literal('Findings'),
  activity_id: z.literal(1),
  activity_name: z.literal('Create'),
  type_uid: z.literal(200401),
  type_name: text,
  severity_id: number_of(1, 2, 3, 4, 5),
  severity: z.enum(['Informational', 'Low', 'Medium', 'High', 'Critical']),
  status_id: z.literal(1),
  status: z.literal('New'),
  is_alert: z.boolean(),
  time,
  start_time: time,
  end_time: time,
  duration: z.int().min(0),
  timezone_offset: z.literal(0),
  count: z.int().min(1),
  message: text,
  confidence_score: z.int().min(0).max(100),
  confidence_id: number_of(1, 2, 3),
  confidence: z.enum(['Low', 'Medium', 'High']),
  risk_score: z.int().min(0).max(100),
  risk_level_id: number_of(0, 1, 2, 3, 4),
  risk_level: z.enum(['Info', 'Low', 'Medium', 'High', 'Critical']),
  metadata: z.strictObject({
    version: z.literal('1.5.0'),
    uid,
    product: z.strictObject({ name: uid, vendor_name: uid, version: text }),
    profiles: z.array(text),
  }),
  finding_info: FindingInfo,
  evidences: z.array(Evidences),
  anomaly_analyses: z.array(AnomalyAnalysis),
  observables: z.array(Observable),
  resources: z.array(z.strictObject({ uid, name: text, type: text })),
  remediation: z.strictObject({ desc: text }),
  unmapped: z.record(z.string(), z.unknown()),
});
export type Ocsf = z.infer<typeof Ocsf>;
