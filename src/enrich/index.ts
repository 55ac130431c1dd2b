export { createDuplicates, type Duplicates, type Why } from './duplicates.ts';
export { type Half, halvesTogether, isHalf, type Joined, joinHalves } from './halves.ts';
export { defaultLocalNetworks, localNetworks, suggestLocalNetworks } from './local.ts';
export { createPieces, type Held, type Pieces } from './pieces.ts';
export { createEnricher, type Enricher, type EnrichOptions, registeredDomain } from './place.ts';
export { countDay, type DaySeen, type Span, spanOf } from './span.ts';
export { Summaries } from './summaries.ts';
export { networkOf, oneSided, type Slot, slot_s, unseenAnswers } from './vantage.ts';
