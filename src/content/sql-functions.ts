const words = (text: string): string[] => text.trim().split(/\s+/);

/** Aggregates that a statement of content may use, without combinators (…If, …Array). */
export const aggregates: ReadonlySet<string> = new Set(
  words(`
  count sum min max avg any anyLast anyHeavy argMin argMax uniq uniqExact uniqCombined uniqCombined64 uniqHLL12
  groupArray groupUniqArray groupArraySorted groupBitAnd groupBitOr groupBitXor sumMap minMap maxMap
  quantile quantileExact quantileExactLow quantileExactHigh quantileExactWeighted quantileDeterministic quantiles
  quantilesExact median medianExact stddevPop stddevSamp varPop varSamp covarPop covarSamp corr entropy
  skewPop skewSamp kurtPop kurtSamp simpleLinearRegression topK topKWeighted maxIntersections
  rank dense_rank row_number percent_rank lag lead lagInFrame leadInFrame first_value last_value nth_value ntile
`),
);

/**
 * Functions of a value that give a value: no file, no network, no clock, no chance, no name of a table or dictionary.
 * Names as in https://clickhouse.com/docs/sql-reference/functions
 */
export const functions: ReadonlySet<string> = new Set(
  words(`
  if multiIf ifNull nullIf coalesce isNull isNotNull isNaN isFinite isInfinite assumeNotNull toNullable
  and or not xor equals notEquals less greater lessOrEquals greaterOrEquals in notIn like ilike notLike between
  plus minus multiply divide intDiv intDivOrZero modulo moduloOrZero negate abs gcd lcm max2 min2 least greatest
  exp exp2 exp10 ln log log2 log10 log1p sqrt cbrt pow power erf erfc lgamma tgamma sin cos tan asin acos atan atan2
  hypot sign floor ceil ceiling round trunc truncate roundBankers roundDown
  bitAnd bitOr bitXor bitNot bitShiftLeft bitShiftRight bitTest bitCount
  toUInt8 toUInt16 toUInt32 toUInt64 toUInt128 toUInt256 toInt8 toInt16 toInt32 toInt64 toInt128 toInt256
  toUInt8OrZero toUInt16OrZero toUInt32OrZero toUInt64OrZero toInt64OrZero toInt32OrZero toUInt8OrNull toUInt16OrNull
  toUInt32OrNull toUInt64OrNull toInt64OrNull toFloat32 toFloat64 toFloat64OrZero toFloat64OrNull toDecimal64
  toString toFixedString toDate toDate32 toDateTime toDateTime64 cast accurateCastOrNull reinterpretAsUInt64
  reinterpretAsFixedString reinterpretAsUInt128 reinterpretAsString toTypeName
  toUnixTimestamp toUnixTimestamp64Micro toUnixTimestamp64Milli toUnixTimestamp64Nano fromUnixTimestamp
  fromUnixTimestamp64Micro fromUnixTimestamp64Milli fromUnixTimestamp64Nano
  toStartOfInterval toStartOfSecond toStartOfMinute toStartOfFiveMinutes toStartOfTenMinutes toStartOfFifteenMinutes
  toStartOfHour toStartOfDay toStartOfWeek toStartOfMonth toMonday toHour toMinute toSecond toDayOfWeek toDayOfMonth
  toDayOfYear toMonth toYear toYYYYMMDD dateDiff dateAdd dateSub date_diff addSeconds addMinutes addHours addDays
  addWeeks subtractSeconds subtractMinutes subtractHours subtractDays subtractWeeks formatDateTime
  toIntervalSecond toIntervalMinute toIntervalHour toIntervalDay toIntervalWeek toIntervalMillisecond
  toIntervalMicrosecond timeSlot timeSlots
  length lengthUTF8 empty notEmpty lower upper lowerUTF8 upperUTF8 concat concatWithSeparator substring substr
  substringUTF8 left right position positionCaseInsensitive locate startsWith endsWith trim trimLeft trimRight
  trimBoth reverse replaceAll replaceOne replaceRegexpAll replaceRegexpOne match extract extractAll
  extractGroups countSubstrings countMatches multiSearchAny multiSearchAnyCaseInsensitive multiMatchAny
  splitByChar splitByString splitByRegexp splitByNonAlpha alphaTokens ngrams tokens hex unhex base64Decode
  tryBase64Decode base64Encode isValidUTF8 char ascii leftPad rightPad format ngramDistance levenshteinDistance
  editDistance stringJaccardIndex
  domain domainWithoutWWW topLevelDomain firstSignificantSubdomain cutToFirstSignificantSubdomain path pathFull
  queryString protocol port decodeURLComponent extractURLParameter
  IPv4StringToNum IPv4NumToString IPv6StringToNum IPv6NumToString IPv4StringToNumOrDefault IPv4StringToNumOrNull
  IPv6StringToNumOrDefault IPv6StringToNumOrNull toIPv4 toIPv6 toIPv4OrDefault toIPv6OrDefault toIPv4OrNull
  toIPv6OrNull isIPv4String isIPv6String isIPAddressInRange IPv4CIDRToRange IPv6CIDRToRange IPv4ToIPv6
  array arrayConcat arrayElement arrayCount arrayMap arrayFilter arrayExists arrayAll arraySum arrayAvg arrayMin
  arrayMax arrayProduct arraySort arrayReverseSort arrayPartialSort arrayReverse arrayUniq arrayDistinct
  arrayEnumerate arrayEnumerateUniq arrayDifference arrayCumSum arraySlice arrayStringConcat arrayFlatten
  arrayCompact arrayZip arrayIntersect arrayFirst arrayFirstIndex arrayLast arrayLastIndex arrayPushBack
  arrayPushFront arrayPopBack arrayPopFront arrayResize arrayJoin arrayReduce arrayFold arrayRotateLeft arraySplit
  has hasAll hasAny hasSubstr indexOf countEqual emptyArrayToSingle range
  map mapFromArrays mapKeys mapValues mapContains mapAdd mapFilter mapApply tuple tupleElement untuple transform
  cityHash64 sipHash64 xxHash64 murmurHash3_64 farmHash64 MD5 SHA1 SHA256
  cutIPv6 cutWWW window_of throwIf
`),
);

const combinators = /(?:If|Array|Distinct|OrNull|OrDefault|ForEach|State|Merge)$/;

/** Whether a statement of content may call it. */
export function isAllowedFunction(name: string): boolean {
  if (functions.has(name) || functions.has(name.toLowerCase())) return true;
  return isAllowedAggregate(name) || aggregates.has(name.toLowerCase());
}

/** Whether it is an aggregate that content may use, with any combinators. */
export function isAllowedAggregate(name: string): boolean {
  for (let short = name; ; ) {
    if (aggregates.has(short)) return true;
    const less = short.replace(combinators, '');
    if (less === short) return false;
    short = less;
  }
}
