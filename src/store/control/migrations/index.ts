import { start } from './001-start.ts';
import type { Migration } from './migration.ts';

/** In order, from 1 without gaps. */
export const migrations: readonly Migration[] = [start];
