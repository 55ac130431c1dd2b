import { type Selectable, sql } from 'kysely';
import { countAtMost } from '../../base/bounded.ts';
import {
  type InFlight,
  type LedgerAddition,
  type LedgerResidue,
  type LedgerRow,
  type Outcome,
  outcomes,
} from '../../schema/control/ledger-row.ts';
import { type Handle, pieces } from './handle.ts';
import type { Tables } from './tables.ts';

const minute_us = 60e6;
const hour_us = 3600e6;
/** How long an account stands by the minute. */
const minutes_kept_us = 7 * 24 * hour_us;
/** How long it stands at all. */
const kept_us = 400 * 24 * hour_us;
/** Reasons of an outcome that a row tells apart; they may come from what strangers send. */
const most_reasons = 50;
const most_reason = 200;
const other_reasons = 'other reasons';
/** Rows that one transaction rolls up. */
const rolled_at_once = 2000;

type Reasons = Map<string, number>;

/** An account under addition. */
interface Account {
  readonly source: string;
  readonly span: LedgerRow['span'];
  readonly at: number;
  received: number;
  stored: number;
  readonly reasons: Record<Outcome, Reasons>;
}

/** Adds to the accounts of the minutes in which records came. In one transaction with the positions that they lead to. */
export async function addToLedger(handle: Handle, additions: readonly LedgerAddition[]): Promise<void> {
  const accounts = additions.map((one) => ({
    ...{ source: one.source, span: 'minute' as const, at: Math.floor(one.at / minute_us) * minute_us },
    ...{ received: one.received ?? 0, stored: one.stored ?? 0 },
    reasons: reasonsOf((outcome) => one[outcome] ?? {}),
  }));
  await handle.transaction((transaction) => addAccounts(transaction, accounts));
}

function reasonsOf(of: (outcome: Outcome) => Readonly<Record<string, number>>): Record<Outcome, Reasons> {
  const map = (outcome: Outcome): Reasons => new Map(Object.entries(of(outcome)));
  return {
    filtered: map('filtered'),
    duplicates: map('duplicates'),
    rejected: map('rejected'),
    dropped: map('dropped'),
  };
}

async function addAccounts(handle: Handle, accounts: readonly Account[]): Promise<void> {
  const sums = new Map<string, Account>();
  for (const one of accounts) {
    const key = JSON.stringify([one.source, one.span, one.at]);
    let sum = sums.get(key);
    if (sum === undefined) {
      sum = { ...one, received: 0, stored: 0, reasons: reasonsOf(() => ({})) };
      sums.set(key, sum);
      const have = await handle.db
        .selectFrom('ledger')
        .selectAll()
        .where('source', '=', one.source)
        .where('span', '=', one.span)
        .where('at', '=', one.at)
        .executeTakeFirst();
      if (have !== undefined) add(sum, accountOf(have));
    }
    add(sum, one);
  }
  for (const some of pieces([...sums.values()].map(rowOf)))
    await handle.db
      .insertInto('ledger')
      .values(some)
      .onConflict((on) =>
        on.columns(['source', 'span', 'at']).doUpdateSet((is) => ({
          received: is.ref('excluded.received'),
          stored: is.ref('excluded.stored'),
          filtered: is.ref('excluded.filtered'),
          duplicates: is.ref('excluded.duplicates'),
          rejected: is.ref('excluded.rejected'),
          dropped: is.ref('excluded.dropped'),
          reasons: is.ref('excluded.reasons'),
        })),
      )
      .execute();
}

function add(sum: Account, one: Account): void {
  sum.received += one.received;
  sum.stored += one.stored;
  for (const outcome of outcomes)
    for (const [reason, n] of one.reasons[outcome])
      countAtMost(sum.reasons[outcome], reason.slice(0, most_reason), most_reasons, other_reasons, n);
}

function total(reasons: Reasons): number {
  return [...reasons.values()].reduce((sum, n) => sum + n, 0);
}

function rowOf({ reasons, ...account }: Account): Tables['ledger'] {
  const plain = Object.fromEntries(
    outcomes.map((outcome) => [outcome, Object.fromEntries(reasons[outcome])]),
  );
  return {
    ...account,
    filtered: total(reasons.filtered),
    duplicates: total(reasons.duplicates),
    rejected: total(reasons.rejected),
    dropped: total(reasons.dropped),
    reasons: JSON.stringify(plain),
  };
}

function accountOf(row: Selectable<Tables['ledger']>): Account {
  const { source, span, at, received, stored } = row;
  const reasons = JSON.parse(row.reasons) as LedgerRow['reasons'];
  return { source, span, at, received, stored, reasons: reasonsOf((outcome) => reasons[outcome]) };
}

/** The accounts of a time, the newest first; µs, `from` included, `to` not. */
export async function listLedger(
  handle: Handle,
  filter: {
    readonly source?: string;
    readonly from?: number;
    readonly to?: number;
    readonly limit?: number;
  } = {},
): Promise<LedgerRow[]> {
  let query = handle.db.selectFrom('ledger').selectAll();
  if (filter.source !== undefined) query = query.where('source', '=', filter.source);
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  const rows = await query
    .orderBy('at', 'desc')
    .orderBy('source')
    .orderBy('span')
    .limit(filter.limit ?? 1000)
    .execute();
  return rows.map((row) => ({ ...row, reasons: JSON.parse(row.reasons) as LedgerRow['reasons'] }));
}

/** What came of all that came in a time, by source; µs, `from` included, `to` not. */
export async function sumLedger(
  handle: Handle,
  from: number,
  to: number,
): Promise<Omit<LedgerRow, 'at' | 'span' | 'reasons'>[]> {
  const sum = (column: 'received' | 'stored' | Outcome) =>
    sql<number>`cast(sum(${sql.ref(column)}) as bigint)`.as(column);
  return handle.db
    .selectFrom('ledger')
    .select(['source', sum('received'), sum('stored'), ...outcomes.map(sum)])
    .where('at', '>=', from)
    .where('at', '<', to)
    .groupBy('source')
    .orderBy('source')
    .execute();
}

/**
 * Accounts that do not come to zero, given what is in flight: each is a fault of Weir. Read between two transactions, so
 * that what is in flight is what the accounts do not know yet.
 */
export async function ledgerResidues(
  handle: Handle,
  in_flight: readonly InFlight[],
): Promise<LedgerResidue[]> {
  const rows = await handle.db
    .selectFrom('ledger')
    .select(['source', 'span', 'at'])
    .select(sql<number>`received - stored - filtered - duplicates - rejected - dropped`.as('residue'))
    .where(sql<boolean>`received <> stored + filtered + duplicates + rejected + dropped`)
    .orderBy('at')
    .orderBy('source')
    .execute();
  return residuesOf(rows, in_flight);
}

/** What is left of accounts that are open when what is in flight is taken off. Pure. */
export function residuesOf(open: readonly LedgerResidue[], in_flight: readonly InFlight[]): LedgerResidue[] {
  const key = (source: string, at: number): string => JSON.stringify([source, at]);
  const left = new Map<string, LedgerResidue>();
  for (const one of open) if (one.span === 'minute') left.set(key(one.source, one.at), one);
  for (const { source, at, records } of in_flight) {
    const minute = Math.floor(at / minute_us) * minute_us;
    const residue = left.get(key(source, minute))?.residue ?? 0;
    left.set(key(source, minute), { source, at: minute, span: 'minute', residue: residue - records });
  }
  const hours = open.filter((one) => one.span === 'hour');
  return [...hours, ...left.values()]
    .filter((one) => one.residue !== 0)
    .sort((a, b) => a.at - b.at || (a.source < b.source ? -1 : a.source > b.source ? 1 : 0));
}

/** Puts minutes of more than seven days ago together to hours, and forgets hours of more than 400 days ago. */
export async function rollLedger(
  handle: Handle,
  now_us: number,
): Promise<{ rolled: number; forgotten: number }> {
  const before = Math.floor((now_us - minutes_kept_us) / hour_us) * hour_us;
  let rolled = 0;
  for (let some = rolled_at_once; some === rolled_at_once; rolled += some)
    some = await handle.transaction((transaction) => rollSome(transaction, before));
  const { numDeletedRows } = await handle.transaction(({ db }) =>
    db
      .deleteFrom('ledger')
      .where('span', '=', 'hour')
      .where('at', '<', now_us - kept_us)
      .executeTakeFirstOrThrow(),
  );
  return { rolled, forgotten: Number(numDeletedRows) };
}

async function rollSome(handle: Handle, before: number): Promise<number> {
  const rows = await handle.db
    .selectFrom('ledger')
    .selectAll()
    .where('span', '=', 'minute')
    .where('at', '<', before)
    .orderBy('at')
    .limit(rolled_at_once)
    .execute();
  const hourOf = (at: number): number => Math.floor(at / hour_us) * hour_us;
  await addAccounts(
    handle,
    rows.map((row) => ({ ...accountOf(row), span: 'hour', at: hourOf(row.at) })),
  );
  for (const { source, at } of rows)
    await handle.db
      .deleteFrom('ledger')
      .where('source', '=', source)
      .where('span', '=', 'minute')
      .where('at', '=', at)
      .execute();
  return rows.length;
}
