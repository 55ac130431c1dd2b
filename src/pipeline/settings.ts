/** Settings of every statement of content: a column keeps its meaning where an aggregate of it has the same name. */
export const feature_settings = { prefer_column_name_to_alias: 1 } as const;

/**
 * For what cannot be asked in smaller parts: one thread, small blocks, and groups, sorts and joins that go to disk early. Slow,
 * and bounded. https://clickhouse.com/docs/operations/settings/settings
 */
export function sparing(memory_bytes: number): Record<string, string | number> {
  const early = Math.floor(memory_bytes / 10);
  return {
    max_threads: 1,
    max_block_size: 4096,
    // Only groups that are kept in two levels can go to disk.
    group_by_two_level_threshold_bytes: 2 * early,
    max_bytes_before_external_group_by: 2 * early,
    max_bytes_ratio_before_external_group_by: 0,
    max_bytes_before_external_sort: early,
    max_bytes_ratio_before_external_sort: 0,
    join_algorithm: 'grace_hash',
    grace_hash_join_initial_buckets: 4,
    max_bytes_in_join: early,
    // Buffers a column and a file: a megabyte each when left alone.
    max_read_buffer_size: 65_536,
    temporary_files_buffer_size: 65_536,
    prefer_external_sort_block_bytes: 1_000_000,
    min_external_sort_block_bytes: 1_000_000,
  };
}
