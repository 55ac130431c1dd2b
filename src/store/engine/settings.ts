import type { ErrorCode } from '../../base/error.ts';

/** What the parent tells the engine's process, as JSON in its first argument. */
export interface EngineSettings {
  /** Data directory of the engine; exists, mode 0700. */
  readonly directory: string;
  /** Where to listen: a unix socket in a directory of mode 0700. */
  readonly socket: string;
  /** A link to `incoming` in the data directory, under a path without characters that the engine takes for patterns. */
  readonly incoming: string;
  /** Upper bound of the engine's own memory, in bytes. */
  readonly memory_bytes: number;
  /** Folders to delete at the end: neither socket nor temporary store may outlive a run that was killed. */
  readonly remove: readonly string[];
  /** Tests only: listen on TCP as a server would, asking for this name and password. */
  readonly tcp?: { readonly port: number; readonly username: string; readonly password: string };
}

/** From the engine's process to its parent. */
export type EngineMessage =
  | { readonly kind: 'ready'; readonly version: string; readonly port: number | null }
  | { readonly kind: 'failed'; readonly message: string; readonly code: ErrorCode | null };

/** What statements of content may do, and where the engine looks for files. */
export interface Rights {
  /** this configuration file itself: it holds the users, too */
  readonly config: string;
  /** an empty folder */
  readonly files: string;
  /** tables that the role of content may read */
  readonly readable: readonly string[];
}

/** The role under which statements of content run; all else runs with every right. */
export const content_role = 'content';

/**
 * Users and roles: https://clickhouse.com/docs/operations/settings/settings-users. The one user has no right of its own,
 * so that with the role of content alone it has those of that role and no others.
 */
function rightsConfig({ config, files, readable }: Rights): string[] {
  const grants = [
    ...readable.map((table) => `<query>GRANT SELECT ON weir.${table}</query>`),
    // Roll-ups are content's own tables: filled by its statements, read by them.
    '<query>GRANT SELECT, INSERT ON weir.rollup_*</query>',
  ];
  return [
    `  <users_config>${escaped(config)}</users_config>`,
    `  <user_files_path>${escaped(files)}</user_files_path>`,
    '  <remote_url_allow_hosts></remote_url_allow_hosts>',
    '  <profiles><default></default></profiles>',
    '  <quotas><default></default></quotas>',
    '  <roles>',
    '    <everything><grants><query>GRANT ALL ON *.*</query></grants></everything>',
    `    <${content_role}><grants>${grants.join('')}</grants></${content_role}>`,
    '  </roles>',
    '  <users><default>',
    '    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>',
    `    <grants><query>GRANT everything</query><query>GRANT ${content_role}</query></grants>`,
    '  </default></users>',
  ];
}

function escaped(path: string): string {
  return path.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The share of the engine's memory that one statement may have. */
const for_a_statement = 0.8;
/** What the engine needs for itself however little it is given: caches, and buffers of a merge for every column. */
const own_bytes = 128 * 1024 * 1024;

/**
 * Server configuration of the embedded engine. Small caches and pools: the defaults are made for machines with
 * hundreds of GB. Names: https://clickhouse.com/docs/operations/server-configuration-parameters/settings
 */
export function engineConfig(memory_bytes: number, rights: Rights): string {
  const megabytes = (n: number) => String(n * 1024 * 1024);
  const server: Record<string, string> = {
    max_server_memory_usage: String(
      Math.max(memory_bytes, Math.floor(memory_bytes * for_a_statement) + own_bytes),
    ),
    mark_cache_size: megabytes(32),
    uncompressed_cache_size: '0',
    index_mark_cache_size: megabytes(8),
    index_uncompressed_cache_size: '0',
    mmap_cache_size: '0',
    compiled_expression_cache_size: megabytes(8),
    query_cache: '<max_size_in_bytes>0</max_size_in_bytes>',
    background_pool_size: '2',
    background_merges_mutations_concurrency_ratio: '1',
    background_fetches_pool_size: '1',
    background_move_pool_size: '1',
    background_common_pool_size: '2',
    background_schedule_pool_size: '4',
    background_buffer_flush_schedule_pool_size: '1',
    background_message_broker_schedule_pool_size: '1',
    background_distributed_schedule_pool_size: '1',
    tables_loader_foreground_pool_size: '2',
    tables_loader_background_pool_size: '2',
    max_thread_pool_size: '200',
    max_io_thread_pool_size: '8',
  };
  const mergeTree: Record<string, string> = {
    merge_max_block_size: '8192',
    max_bytes_to_merge_at_max_space_in_pool: String(4 * 1024 ** 3),
    number_of_free_entries_in_pool_to_execute_mutation: '1',
    number_of_free_entries_in_pool_to_lower_max_size_of_merge: '1',
    number_of_free_entries_in_pool_to_execute_optimize_entire_partition: '1',
  };
  const lines = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `  <${name}>${value}</${name}>`);
  return [
    '<clickhouse>',
    ...lines(server),
    '  <merge_tree>',
    ...lines(mergeTree),
    '  </merge_tree>',
    ...rightsConfig(rights),
    '</clickhouse>',
    '',
  ].join('\n');
}

/** Settings that every statement starts with; what a request gives comes on top. */
export function sessionDefaults(memory_bytes: number): Record<string, string> {
  return {
    session_timezone: 'UTC',
    max_threads: '2',
    max_insert_threads: '1',
    max_memory_usage: String(Math.floor(memory_bytes * for_a_statement)),
    max_bytes_before_external_group_by: String(Math.floor(memory_bytes * 0.3)),
    max_bytes_before_external_sort: String(Math.floor(memory_bytes * 0.3)),
    max_block_size: '32768',
    output_format_parallel_formatting: '0',
    input_format_parallel_parsing: '0',
    // Compares each condition of a statement with all others: a third of the time it takes to plan one, and nothing gained.
    optimize_and_compare_chain: '0',
  };
}
