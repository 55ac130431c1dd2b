import { createHash, randomBytes } from 'node:crypto';
import { WeirError } from '../../base/error.ts';
import type { ApiToken } from '../../schema/control/api-token.ts';
import type { Handle } from './handle.ts';

const use_written_every_us = 60e6;

/**
 * What is kept of a token. One SHA-256 is enough for what nobody can guess: a token is 256 random bits, so that there is
 * no list of likely ones to try, which is what a slow hash with salt defends a password against.
 */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * Makes a token and gives it: the only time that it can be read.
 * @throws WeirError store_failed when one of that name is in use
 */
export async function createToken(handle: Handle, name: string, now_us: number): Promise<string> {
  const token = `weir_${randomBytes(32).toString('base64url')}`;
  const row = { hash: hashOf(token), name, created_at: now_us, last_used_at: null, revoked_at: null };
  await handle.transaction(async ({ db }) => {
    const have = await db
      .selectFrom('token')
      .select('name')
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (have !== undefined)
      throw new WeirError(
        'store_failed',
        `There is a token ${name} already; revoke it, or choose another name`,
      );
    await db.insertInto('token').values(row).execute();
  });
  return token;
}

/** The token that was shown, with its use noted (once a minute); null when it is not ours or is revoked. */
export async function useToken(handle: Handle, token: string, now_us: number): Promise<ApiToken | null> {
  const hash = hashOf(token);
  const found = await handle.db.selectFrom('token').selectAll().where('hash', '=', hash).executeTakeFirst();
  if (found === undefined || found.revoked_at !== null) return null;
  const { hash: _, ...kept } = found;
  if (kept.last_used_at !== null && now_us - kept.last_used_at < use_written_every_us) return kept;
  await handle.transaction(({ db }) =>
    db.updateTable('token').set({ last_used_at: now_us }).where('hash', '=', hash).execute(),
  );
  return { ...kept, last_used_at: now_us };
}

/** Ends the token of that name; false when none is in use. */
export async function revokeToken(handle: Handle, name: string, now_us: number): Promise<boolean> {
  const { numUpdatedRows } = await handle.transaction(({ db }) =>
    db
      .updateTable('token')
      .set({ revoked_at: now_us })
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .executeTakeFirstOrThrow(),
  );
  return numUpdatedRows > 0n;
}

/** All tokens, revoked ones too, the oldest first. */
export async function listTokens(handle: Handle): Promise<ApiToken[]> {
  return handle.db
    .selectFrom('token')
    .select(['name', 'created_at', 'last_used_at', 'revoked_at'])
    .orderBy('created_at')
    .orderBy('name')
    .execute();
}
