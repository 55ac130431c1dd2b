import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../base/error.ts';
import { breaksConnection, toldOfPostgres, toldOfSqlite } from './told.ts';

const sqlite = (errcode: number) => Object.assign(new Error('said'), { code: 'ERR_SQLITE_ERROR', errcode });
const postgres = (code: string, severity = 'ERROR') => Object.assign(new Error('said'), { code, severity });

const table: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['SQLITE_FULL', toldOfSqlite(sqlite(13), '/s/c', '/s'), 'disk_full', /disk of the store at \/s is full/],
  ['SQLITE_BUSY_SNAPSHOT', toldOfSqlite(sqlite(517), '/s/c', '/s'), 'store_unavailable', /another program/],
  [
    'SQLITE_IOERR_FSYNC',
    toldOfSqlite(sqlite(1034), '/s/c', '/s'),
    'store_unavailable',
    /fails to read or write/,
  ],
  ['SQLITE_CORRUPT', toldOfSqlite(sqlite(11), '/s/c', '/s'), 'store_unavailable', /is damaged/],
  ['SQLITE_READONLY', toldOfSqlite(sqlite(8), '/s/c', '/s'), 'store_unavailable', /may not be written/],
  ['SQLITE_CONSTRAINT', toldOfSqlite(sqlite(787), '/s/c', '/s'), 'store_failed', /refused a statement: said/],
  [
    'a full disk',
    toldOfPostgres(postgres('53100'), 'pg'),
    'disk_full',
    /disk of the control store pg is full/,
  ],
  [
    'a wrong password',
    toldOfPostgres(postgres('28P01', 'FATAL'), 'pg'),
    'store_unavailable',
    /user or password/,
  ],
  ['a server that stops', toldOfPostgres(postgres('57P01', 'FATAL'), 'pg'), 'store_unavailable', /said/],
  [
    'nothing that listens',
    toldOfPostgres(postgres('ECONNREFUSED'), 'pg'),
    'store_unavailable',
    /nothing listens/,
  ],
  [
    'no answer in time',
    toldOfPostgres(new Error('Query read timeout'), 'pg'),
    'store_unavailable',
    /read timeout/,
  ],
  ['a constraint', toldOfPostgres(postgres('23503'), 'pg'), 'store_failed', /refused a statement: said/],
];

test('what a database says becomes a code that can be decided by, and a sentence', () => {
  for (const [what, told, code, words] of table) {
    assert.ok(told instanceof WeirError, what);
    assert.equal(told.code, code, what);
    assert.match(told.message, words, what);
  }
});

test('what is no failure of the database is passed on as it is', () => {
  const ours = new WeirError('busy', 'x');
  assert.equal(toldOfPostgres(ours, 'pg'), ours);
  const fault = new TypeError('x');
  assert.equal(toldOfSqlite(fault, '/s/c', '/s'), fault);
});

test('a connection is given up when it broke, not when a statement was refused', () => {
  assert.equal(breaksConnection(postgres('23505')), false);
  assert.equal(breaksConnection(postgres('57014')), false);
  assert.equal(breaksConnection(postgres('57P01', 'FATAL')), true);
  assert.equal(breaksConnection(postgres('08006')), true);
  assert.equal(breaksConnection(postgres('ECONNRESET')), true);
  assert.equal(breaksConnection(new Error('Connection terminated unexpectedly')), true);
});
