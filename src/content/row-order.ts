/**
 * What in a SELECT of ClickHouse depends on the order in which rows happen to be read: the same events, stored in other
 * blocks, would give other features and so other findings. Told by the text; sums of fractions are told by their types
 * (`fractionSums`).
 */
export function orderDependence(sql: string): string[] {
  const tokens = tokensOf(sql);
  const found = new Set<string>();
  tokens.forEach((_, at) => {
    const told = ofFunction(tokens, at) ?? ofKeyword(tokens, at);
    if (told) found.add(told);
  });
  return [...found];
}

/** Function → what to use instead. Names as in https://clickhouse.com/docs/sql-reference/aggregate-functions/reference */
const refused: Readonly<Record<string, string>> = {
  ...all(
    'any any_value anyLast first_value last_value anyHeavy',
    'min, max, argMin with a tie-break, or $(most_frequent(x))',
  ),
  ...all(
    'topK topKWeighted approx_top_k approx_top_count approx_top_sum',
    '$(most_frequent(x)); it is exact',
  ),
  ...all(
    'quantile quantiles median quantileTDigest quantilesTDigest medianTDigest quantileTDigestWeighted quantileGK quantilesGK',
    'quantileExact, or quantileDeterministic with an id',
  ),
  ...all(
    'groupArrayLast groupArraySample groupArrayInsertAt groupConcat group_concat groupArrayMovingSum groupArrayMovingAvg',
    'arraySort(groupArray(x)) or groupArraySorted(n)(x)',
  ),
  ...all('deltaSum deltaSumTimestamp exponentialMovingAverage exponentialTimeDecayedSum', 'max and min'),
  ...all('sumKahan', 'sum of whole numbers'),
  ...all(
    'row_number ntile lag lead lagInFrame leadInFrame nth_value',
    'rank() or dense_rank(), or a sorted array',
  ),
  ...all(
    'neighbor runningDifference runningDifferenceStartingWithFirstValue runningAccumulate rowNumberInBlock rowNumberInAllBlocks blockNumber blockSize',
    'a window function over RANGE, or a sorted array',
  ),
  ...all(
    'rand rand32 rand64 randConstant randUniform randNormal randomString canonicalRand generateUUIDv4 generateUUIDv7 now now64 today yesterday',
    'nothing: the same events must always give the same row',
  ),
};

function all(names: string, instead: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, instead]));
}

/** Combinators that leave an aggregate what it is: https://clickhouse.com/docs/sql-reference/aggregate-functions/combinators */
const combinators =
  /(If|Array|Map|Distinct|OrNull|OrDefault|ForEach|SimpleState|MergeState|State|Merge|RespectNulls|_respect_nulls)$/;

/** An aggregate's name without combinators. */
function bare(name: string, known: (name: string) => boolean): string {
  let short = name;
  while (!known(short)) {
    const less = short.replace(combinators, '');
    if (less === short) return name;
    short = less;
  }
  return short;
}

const lists = new Set(['groupArray', 'groupUniqArray', 'array_agg']);
const extremes = new Set(['argMin', 'argMax']);
const sorts = new Set(['arraySort', 'arrayReverseSort']);
const isKnown = (name: string): boolean =>
  Object.hasOwn(refused, name) || lists.has(name) || extremes.has(name);

function ofFunction(tokens: readonly string[], at: number): string | null {
  if (!isWord(tokens[at]!) || tokens[at + 1] !== '(') return null;
  const name = tokens[at]!;
  const short = bare(name, isKnown);
  if (Object.hasOwn(refused, short))
    return `${name} gives another answer when rows come in another order; use ${refused[short]}`;
  if (lists.has(short)) return ofList(tokens, at);
  return extremes.has(short) ? ofExtreme(tokens, at) : null;
}

/** A list is in the order of rows: it must be whole and go into a sort at once. */
function ofList(tokens: readonly string[], at: number): string | null {
  const name = tokens[at]!;
  const told = `${name} lists in the order of rows`;
  const end = closing(tokens, at + 1);
  if (tokens[end + 1] === '(')
    return `${told} and drops what comes late; use arraySlice(arraySort(${name}(x)), 1, n) or $(listed(n, x))`;
  const outer = opening(tokens, at);
  if (outer < 1 || !sorts.has(tokens[outer - 1]!))
    return `${told}; put it into arraySort(…) at once, or use $(listed(n, x))`;
  const [first = []] = argumentsOf(tokens, outer);
  const arrow = first.indexOf('->');
  if (arrow < 0) return null;
  const variable = first[0]!;
  const keys = elements(first.slice(arrow + 1));
  return keys.length > 1 && keys.some((one) => one.join('') === variable)
    ? null
    : `${told}, and the sort around it leaves equal ones so; sort by (…, ${variable})`;
}

/** Of several rows with the same extreme one is taken: the second argument must decide which. */
function ofExtreme(tokens: readonly string[], at: number): string | null {
  const [value = [], key = []] = argumentsOf(tokens, at + 1);
  const keys = elements(key).map((one) => one.join(''));
  const wanted = elements(value).map((one) => one.join(''));
  if (elements(key).length > 1 && wanted.every((one) => keys.includes(one))) return null;
  const [k, v] = [key.join(' '), value.join(' ')];
  return `${tokens[at]} takes any of the rows that tie; write ${tokens[at]}(${v}, (${k}, ${v}))`;
}

function ofKeyword(tokens: readonly string[], at: number): string | null {
  const [word, next, third] = [0, 1, 2].map((i) => tokens[at + i]?.toUpperCase() ?? '');
  if (tokens[at - 1] === '.' || next === '(') return null;
  if (word === 'LIMIT' || (word === 'FETCH' && (next === 'FIRST' || next === 'NEXT')))
    return 'LIMIT leaves out rows by their order; bound rows by a condition';
  if (word === 'ROWS' && /^(BETWEEN|UNBOUNDED|CURRENT|\d+)$/.test(next!))
    return 'a frame of ROWS depends on the order of rows that tie; use RANGE';
  if (word === 'DISTINCT' && next === 'ON')
    return 'DISTINCT ON keeps whichever row comes first; use GROUP BY';
  if ((word === 'ANY' || word === 'ASOF') && joins.has(next!) && (next !== 'LEFT' || third !== '('))
    return `${word} JOIN takes whichever row comes first; join on what decides`;
  return null;
}
const joins = new Set(['JOIN', 'LEFT', 'RIGHT', 'INNER', 'FULL']);

/** Names, numbers, quoted text and signs; comments and spaces are left out. */
function tokensOf(sql: string): string[] {
  const pattern =
    /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|''|[^'\\])*'|[A-Za-z_][A-Za-z0-9_]*|\d[\w.]*|->|[^\s]/g;
  return [...sql.matchAll(pattern)].map(([token]) => token).filter((token) => !/^(--|\/\*)/.test(token));
}

function isWord(token: string): boolean {
  return /^[A-Za-z_]/.test(token);
}

/** Index of the bracket that closes the one at `from`; the end of the text when none does. */
function closing(tokens: readonly string[], from: number): number {
  let open = 0;
  for (let at = from; at < tokens.length; at++) {
    if ('([{'.includes(tokens[at]!)) open++;
    else if (')]}'.includes(tokens[at]!) && --open === 0) return at;
  }
  return tokens.length;
}

/** Index of the bracket that encloses what is at `at`, without counting ones around a single thing; -1: none. */
function opening(tokens: readonly string[], at: number): number {
  let open = 0;
  for (let i = at - 1; i >= 0; i--) {
    if (')]}'.includes(tokens[i]!)) open++;
    else if ('([{'.includes(tokens[i]!) && open-- === 0) return i;
  }
  return -1;
}

/** The arguments between the bracket at `from` and its end. */
function argumentsOf(tokens: readonly string[], from: number): string[][] {
  return split(tokens.slice(from + 1, closing(tokens, from)));
}

/** The elements of a tuple written as (a, b) or tuple(a, b); what is no tuple is its own only element. */
function elements(expression: readonly string[]): string[][] {
  const tokens = expression[0] === 'tuple' ? expression.slice(1) : expression;
  if (tokens[0] !== '(' || closing(tokens, 0) !== tokens.length - 1) return [[...expression]];
  return split(tokens.slice(1, -1));
}

function split(tokens: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  let open = 0;
  for (const token of tokens) {
    if ('([{'.includes(token)) open++;
    else if (')]}'.includes(token)) open--;
    if (token === ',' && open === 0) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts.length === 1 && parts[0]!.length === 0 ? [] : parts;
}

/** Sums whose last digits depend on the order in which fractions are added. */
const adding =
  /^(sum|sumMap|sumWithOverflow|avg|avgWeighted|var(Pop|Samp)(Stable)?|std(dev)?(Pop|Samp)?(Stable)?|covar(Pop|Samp)(Stable)?|corr(Stable)?|(skew|kurt)(Pop|Samp)|simpleLinearRegression)(If|Array|Map|Distinct|OrNull|OrDefault|ForEach|State|Merge)*$/;

/**
 * The aggregates in the lines of EXPLAIN QUERY TREE that add up fractions: (0.1 + 0.2) + 0.3 is not 0.1 + (0.2 + 0.3).
 * Sums of whole numbers are exact in any order.
 */
export function fractionSums(tree: readonly string[]): string[] {
  const found = new Set<string>();
  tree.forEach((line, at) => {
    const told = /^(\s*)FUNCTION .*function_name: (\w+), function_type: (?:aggregate|window)\b/.exec(line);
    if (!told || !adding.test(told[2]!)) return;
    const depth = told[1]!.length;
    for (const below of tree.slice(at + 1)) {
      const indent = below.length - below.trimStart().length;
      if (indent <= depth) break;
      // FUNCTION, then ARGUMENTS, LIST and each argument, two deeper each.
      if (indent === depth + 6 && /(result|constant_value)_type: .*\b(B?Float\d+)/.test(below))
        found.add(
          `${told[2]} adds up fractions, and their sum depends on the order of rows; add whole numbers`,
        );
    }
  });
  return [...found];
}
