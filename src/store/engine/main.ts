/**
 * The embedded engine: a process of its own that owns chdb on one data directory and speaks ClickHouse's HTTP
 * interface on a unix socket. Why a process: docs/decisions/0003-engine-in-a-child-process.md and 0008-binary-inserts-through-files.md.
 */
import { readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WeirError } from '../../base/error.ts';
import { makeWithin, removeTemporary, writeOwn } from '../../base/own-files.ts';
import { readable_tables } from '../../schema/readable.ts';
import { loadChdb } from './chdb.ts';
import { httpInterface } from './http.ts';
import { type EngineMessage, type EngineSettings, engineConfig, sessionDefaults } from './settings.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as EngineSettings;

// Ctrl-C and a service manager's stop reach every process of the group: the parent decides when the engine ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

function tell(message: EngineMessage): void {
  process.send?.(message, () => {});
}

function start(): void {
  const data = join(settings.directory, 'data');
  const incoming = join(settings.directory, 'incoming');
  const config = join(settings.directory, 'engine.xml');
  makeWithin(data);
  makeWithin(incoming);
  // Nothing is ever put there.
  const files = join(settings.directory, 'files');
  makeWithin(files);
  writeOwn(config, engineConfig(settings.memory_bytes, { config, files, readable: [...readable_tables] }));

  const { Session } = loadChdb();
  // Held open until the end: the engine shuts down with its last connection.
  const keeper = new Session(data, { connectionArgs: [`--config-file=${config}`] });
  // Only now, when no other process has this store open: what an engine that died left behind.
  for (const left of readdirSync(incoming)) {
    if (left.startsWith('insert-')) rmSync(join(incoming, left), { force: true });
  }
  keeper.query('CREATE DATABASE IF NOT EXISTS weir ENGINE = Atomic');
  const version = keeper.query('SELECT version()').trim().replaceAll('"', '');
  // No time-outs: one that closes an idle connection just as it is used again looks like a death of the engine.
  const server = createServer(
    { maxHeaderSize: 1024 * 1024, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 },
    httpInterface({
      open: () => new Session(data),
      version,
      incoming: settings.incoming,
      defaults: sessionDefaults(settings.memory_bytes),
      credentials: settings.tcp ?? null,
    }),
  );

  const clean = () => {
    for (const folder of settings.remove) removeTemporary(folder);
  };
  const end = () => {
    server.close(() => {
      keeper.close();
      clean();
      process.exit(0);
    });
    server.closeIdleConnections();
    // A statement that does not end is cut off; parts of tables are whole or absent, so nothing is half written.
    setTimeout(() => {
      clean();
      process.kill(process.pid, 'SIGKILL');
    }, 5000).unref();
  };
  // Who asked is gone, so nobody waits for an answer. Closing the engine may wait for statements under way for ever (it holds the
  // one thread that could cut them off), and the next Weir waits for the store; what is half done is absent.
  process.on('disconnect', () => {
    clean();
    process.kill(process.pid, 'SIGKILL');
  });
  process.on('message', (message) => {
    if (message === 'end') end();
  });

  const ready = () => {
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? (address as AddressInfo).port : null;
    tell({ kind: 'ready', version, port });
  };
  if (settings.tcp) server.listen(settings.tcp.port, '127.0.0.1', ready);
  else server.listen(settings.socket, ready);
}

try {
  start();
} catch (error) {
  tell({
    kind: 'failed',
    message: error instanceof Error ? error.message : String(error),
    code: error instanceof WeirError ? error.code : null,
  });
  setTimeout(() => process.exit(1), 50);
}
