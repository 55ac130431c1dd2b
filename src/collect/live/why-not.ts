import { WeirError } from '../../base/error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is nothing of that name yet',
  ENOTDIR: 'there is nothing of that name yet',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ESTALE: 'the file server has let go of it',
  EIO: 'the disk cannot read it',
  ELOOP: 'its links lead in a circle',
};

/** Why a file cannot be read at the moment, for people. */
export function whyNot(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (error instanceof WeirError) return error.message;
  return reasons[code] ?? (code !== '' ? code : error instanceof Error ? error.message : String(error));
}
