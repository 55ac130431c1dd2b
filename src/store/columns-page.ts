import { tables } from '../schema/event/index.ts';
import { columnsOf, orderOf, originColumns, type SqlColumn, toldColumn } from './ddl.ts';

/** docs/columns.md: every event table with its columns, from their descriptions. */
export function columnsPage(): string {
  const kinds = Object.values(tables);
  return [
    '# Columns',
    '',
    'Every kind of event is a table of the telemetry store, under the same names in ClickHouse, in features, detectors,',
    'JSON and on the screen. This page is made from `src/schema/event/`:',
    '`node src/store/columns-page.ts > docs/columns.md`.',
    '',
    `Tables: ${kinds.map(({ kind }) => `[${kind}](#${kind})`).join(', ')}.`,
    '',
    'Times are UTC with microseconds. Addresses are canonical text (RFC 5952). `Nullable` columns say what null means;',
    "in all others an absent text is '' and an absent count 0.",
    '',
    '## In every table',
    '',
    ...listOf(originColumns),
    ...kinds.flatMap((table) => {
      const own = [...columnsOf(table).slice(0, -originColumns.length), toldColumn(table)];
      return [
        '',
        `## ${table.kind}`,
        '',
        table.doc,
        '',
        `Sorted by ${orderOf(table).join(', ')}.`,
        '',
        ...listOf(own),
      ];
    }),
    '',
  ].join('\n');
}

function listOf(columns: readonly SqlColumn[]): string[] {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [
    '| column | type | what it is |',
    '|---|---|---|',
    ...columns.map(({ name, type, doc }) => `| \`${name}\` | ${cell(type)} | ${cell(doc)} |`),
  ];
}

if (import.meta.main) process.stdout.write(columnsPage());
