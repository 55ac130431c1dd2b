import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import * as modules from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, WeirError } from '../base/error.ts';
import {
  claimFolder,
  diskProblem,
  fullStore,
  isFull,
  removeTemporary,
  sweepTemporary,
  temporaryFolder,
  writeOwn,
} from '../base/own-files.ts';
import { isThere } from '../base/process-mark.ts';
import { moduleBeside } from '../base/runtime.ts';
import type { EngineMessage, EngineSettings } from './engine/settings.ts';

export interface EmbeddedOptions {
  /** Data directory; made when it is not there. null: a temporary one that is removed at the end. */
  readonly directory: string | null;
  /** Upper bound of the engine's own memory in bytes. */
  readonly memory_bytes: number;
  /** How often a dead engine is started again before the store gives up. */
  readonly max_restarts: number;
  /** Tests only: see EngineSettings. */
  readonly tcp?: EngineSettings['tcp'];
}

const store_prefix = 'weir-store-';
const socket_prefix = 'weir-socket-';

/** Engines of this process that have not ended. */
const living = new Set<EmbeddedEngine>();

/**
 * Ends every engine of this process, also one that is just starting or is busy with a long statement: what has not ended
 * by itself after so many milliseconds is killed. Statements are stored whole or not at all, so that costs nothing.
 */
export async function endEngines(within_ms: number): Promise<void> {
  await Promise.all([...living].map((engine) => engine.close(within_ms)));
}

/** Where this process keeps its compiled code, when it does; there since Node 22. */
function compileCache(): Record<string, string> {
  const folder = (modules as Partial<typeof modules>).getCompileCacheDir?.();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

/** Ends all engines of this process at once and waits for nothing: for a program that ends now. */
export function killEngines(): void {
  for (const engine of living) engine.kill();
}

/** Bytes of the engine's last words that are kept for error messages. */
const keptWords = 8 * 1024;

/** How long the engine of a Weir that was killed is waited for: it ends at once, unless it removes a temporary store. */
const left_behind_ms = 8000;

/**
 * The engine's process: started, watched, started again when it dies, ended. One at a time for a data directory.
 * Throws `store_unavailable`.
 */
export class EmbeddedEngine {
  readonly directory: string;
  readonly temporary: boolean;
  /** Changes with every restart. */
  socket = '';
  port: number | null = null;
  version = '';
  restarts = 0;
  readonly #options: EmbeddedOptions;
  readonly #folder: string;
  #child: ChildProcess | null = null;
  #ready: Promise<void>;
  #ended: Promise<void> = Promise.resolve();
  #closing = false;
  #tries = 0;
  #words = '';

  private constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.temporary = options.directory === null;
    sweepTemporary([store_prefix, socket_prefix]);
    this.directory = options.directory ?? temporaryFolder(store_prefix);
    if (options.directory !== null) claimFolder(options.directory, 'store');
    // The path of a socket may hold 107 bytes, and that of an insert's data nothing the engine takes for a pattern:
    // neither can be said of the data directory.
    const plain = tmpdir().length < 60 && !/[*?{}]/.test(tmpdir());
    this.#folder = temporaryFolder(socket_prefix, plain ? tmpdir() : '/tmp');
    try {
      symlinkSync(resolve(this.directory, 'incoming'), join(this.#folder, 'incoming'));
    } catch (error) {
      throw diskProblem(`${this.#folder} cannot be written`, error);
    }
    this.#ready = this.#start();
  }

  static async start(options: EmbeddedOptions): Promise<EmbeddedEngine> {
    const engine = new EmbeddedEngine(options);
    living.add(engine);
    const patient_until = performance.now() + left_behind_ms;
    for (;;) {
      try {
        await engine.#ready;
        return engine;
      } catch (error) {
        // The engine of a Weir that was killed ends by itself a moment after.
        const users = engine.#users();
        if (performance.now() > patient_until || users.weir !== null || users.engine === null) {
          await engine.close();
          throw error;
        }
        await pause(200);
        engine.#tries++;
        engine.#ready = engine.#start();
      }
    }
  }

  /** Resolves when the engine answers; after a death this is when it has been started again. */
  ready(): Promise<void> {
    return this.#ready;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  #start(): Promise<void> {
    const socket = join(this.#folder, `engine-${this.#tries}-${this.restarts}`);
    const settings: EngineSettings = {
      directory: this.directory,
      socket,
      incoming: join(this.#folder, 'incoming'),
      memory_bytes: this.#options.memory_bytes,
      remove: [this.#folder, ...(this.temporary ? [this.directory] : [])],
      ...(this.#options.tcp && { tcp: this.#options.tcp }),
    };
    this.#words = '';
    const entry = fileURLToPath(moduleBeside(import.meta.url, './engine/main'));
    const child = spawn(process.execPath, [entry, JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Nothing of our environment: it may hold secrets, and libraries that act on it.
      env: {
        UV_THREADPOOL_SIZE: '20',
        TZ: 'UTC',
        PATH: process.env.PATH ?? '',
        HOME: this.directory,
        ...compileCache(),
      },
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-keptWords);
    });
    const ready = new Promise<void>((done, reject) => {
      let failure: string | null = null;
      let failed_as: ErrorCode | null = null;
      child.once('message', (message: EngineMessage) => {
        if (message.kind === 'failed') {
          failure = message.message;
          failed_as = message.code;
          return;
        }
        this.socket = socket;
        this.port = message.port;
        this.version = message.version;
        writeOwn(join(this.directory, 'engine.pid'), `${process.pid} ${child.pid}\n`);
        done();
      });
      child.once('error', (error) => {
        reject(
          new WeirError('store_unavailable', `The engine of the store cannot be started: ${error.message}`),
        );
      });
      // 'close' comes after the last words.
      child.once('close', (code, signal) => {
        const how = signal ? `was stopped by ${signal}` : `ended with status ${code}`;
        if (failed_as !== null && failure !== null) {
          reject(new WeirError(failed_as, failure));
          return;
        }
        const words = failure ?? `The engine of the store ${how}.`;
        reject(
          isFull(this.directory)
            ? fullStore(this.directory)
            : new WeirError('store_unavailable', this.#explain(`${words} ${this.#words}`.trim())),
        );
      });
    });
    let was_ready = false;
    this.#ended = new Promise((done) => {
      child.once('error', () => done());
      child.once('exit', () => {
        done();
        if (!was_ready || this.#closing) return;
        this.#ready = this.#again();
        this.#ready.catch(() => {});
      });
    });
    const watched = ready.then(() => {
      was_ready = true;
    });
    watched.catch(() => {});
    return watched;
  }

  /** Starts a dead engine again, as often as allowed; it may also die while it starts. */
  async #again(): Promise<void> {
    for (let last = this.#words; ; last = this.#words) {
      if (isFull(this.directory)) throw fullStore(this.directory);
      if (this.restarts >= this.#options.max_restarts) {
        const times = `${this.restarts} restart${this.restarts === 1 ? '' : 's'}`;
        throw new WeirError(
          'store_unavailable',
          `The engine of the store died again after ${times}. ${last.trim()}`.trim(),
        );
      }
      this.restarts++;
      try {
        await this.#start();
        return;
      } catch (error) {
        if (this.#closing) throw error;
      }
    }
  }

  /** The processes that use the store, as far as they are there: of Weir, and of the engine that it started. */
  #users(): { readonly weir: number | null; readonly engine: number | null } {
    let pids: readonly number[] = [];
    try {
      pids = readFileSync(join(this.directory, 'engine.pid'), 'utf8').split(' ').map(Number);
    } catch {}
    const [weir = null, engine = null] = pids.map((pid) => (pid > 0 && isThere(pid) ? pid : null));
    return { weir, engine };
  }

  #explain(words: string): string {
    if (!/Cannot lock file/.test(words)) return `The store at ${this.directory} cannot be opened: ${words}`;
    const { weir, engine } = this.#users();
    if (weir === null && engine !== null)
      return `An engine that a Weir left behind is using the store at ${this.directory} (process ${engine}). End it (kill -9 ${engine}), or give another directory.`;
    return `Another Weir${weir ? ` (process ${weir})` : ''} is using the store at ${this.directory}. Stop it, or give another directory.`;
  }

  /** Ends the engine where it stands. */
  kill(): void {
    this.#closing = true;
    this.#child?.kill('SIGKILL');
  }

  /** Ends the engine and waits for it, killing it after so many milliseconds; removes a temporary store. */
  async close(within_ms = 10_000): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const timer = setTimeout(() => child.kill('SIGKILL'), within_ms);
      if (child.connected) child.send('end', () => {});
      else child.kill('SIGKILL');
      await this.#ended;
      clearTimeout(timer);
    }
    removeTemporary(this.#folder);
    if (this.temporary) removeTemporary(this.directory);
    living.delete(this);
  }
}
