import { start } from './001-start.ts';
import { roles } from './002-roles.ts';
import { unseen_answers } from './003-unseen-answers.ts';
import { devices } from './004-devices.ts';
import type { Migration } from './migration.ts';

/** In order, from 1 without gaps. */
export const migrations: readonly Migration[] = [start, roles, unseen_answers, devices];
