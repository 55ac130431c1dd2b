import assert from 'node:assert/strict';
import { placeholders } from '../src/base/placeholders.ts';
import type { Content } from '../src/content/index.ts';
import { recount } from '../src/pipeline/recount.ts';
import { type Detector, modelColumns } from '../src/schema/detector.ts';
import type { Finding } from '../src/schema/finding.ts';
import type { Store } from '../src/store/index.ts';

/** Columns of sentences that hold a number: those must be countable. Texts and ports name, they do not count. */
function numbersIn({ features }: Content, detector: Detector, sentences: readonly string[]): string[] {
  const { columns } = features.get(detector.features)!;
  const of_model = modelColumns[detector.model.kind];
  return [...new Set(sentences.flatMap(placeholders))].filter((name) => {
    const unit = columns[name]?.unit;
    return unit !== undefined && unit !== 'text' && unit !== 'port' && !Object.hasOwn(of_model, name);
  });
}

/** Every sentence that a detector may say, by the title above it. */
const sentencesOf = (detector: Detector): Map<string, string> =>
  new Map([detector, ...detector.called].map(({ title, explain }) => [title, explain ?? detector.explain]));

/** The numbers that a finding's sentence says. */
const numbersSaid = (content: Content, detector: Detector, { title, values }: Finding): string[] =>
  numbersIn(content, detector, [sentencesOf(detector).get(title) ?? detector.explain]).filter(
    (name) => !Number.isNaN(values[name]),
  );

/** Every number that a detector may say. */
export const numbersOf = (content: Content, detector: Detector): string[] =>
  numbersIn(content, detector, [...sentencesOf(detector).values()]);

/** Each number of some findings is there again when the stored events are counted. */
export async function assertCounted(
  store: Store,
  content: Content,
  detector: Detector,
  findings: readonly Finding[],
): Promise<void> {
  for (const finding of findings) {
    const counted = await recount(store, detector, finding);
    const missing = numbersSaid(content, detector, finding).filter(
      (name) => !counted.some((one) => one.column === name),
    );
    assert.deepEqual(missing, [], `not counted again: ${finding.summary}`);
    const wrong = counted.filter((one) => !one.agrees);
    assert.deepEqual(wrong, [], finding.summary);
  }
}

/** The most telling of some findings. */
export const mostTelling = (findings: readonly Finding[], most: number): Finding[] =>
  findings.toSorted((a, b) => a.p_value - b.p_value).slice(0, most);
