import { type SqlToken, sqlTokens } from '../base/sql-tokens.ts';
import { isAllowedAggregate, isAllowedFunction } from './sql-functions.ts';

/**
 * Content comes from strangers, and SQL can read files and call out. So it is parsed: SELECT over known tables with known
 * functions passes, all else is refused with its reason (docs/decisions/0012-content-is-untrusted.md). The subset:
 * https://clickhouse.com/docs/sql-reference/statements/select
 */
export type SqlPart = 'query' | 'expression' | 'order' | 'table';

/** What is wrong with a part of a statement, as a sentence; null when nothing is. `tables`: those it may read. */
export function sqlProblem(sql: string, part: SqlPart, tables: ReadonlySet<string>): string | null {
  try {
    if (part !== 'query' && /--|\/\*/.test(sql.replace(/'(?:[^'\\]|\\.|'')*'/gs, "''")))
      return 'a comment has no place in a condition';
    const checker = new Checker(sqlTokens(sql), tables);
    checker[part]();
    checker.end();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Nothing that people write nests deeper. */
const deepest = 100;
const query_starts = new Set(['SELECT', 'WITH']);
/** Words that end what is before them, so they name no column, alias or table. */
const reserved = new Set(
  (
    'SELECT FROM WHERE PREWHERE GROUP HAVING ORDER LIMIT OFFSET UNION INTERSECT EXCEPT JOIN ON USING AS WITH WINDOW ' +
    'QUALIFY FORMAT SETTINGS INTO OUTFILE INFILE ARRAY LEFT RIGHT INNER OUTER FULL CROSS ASOF SEMI ANTI ANY ALL GLOBAL ' +
    'AND OR NOT IN BETWEEN LIKE ILIKE IS CASE WHEN THEN ELSE END OVER PARTITION BY FINAL SAMPLE DISTINCT INSERT ' +
    'ATTACH CREATE DROP ALTER SYSTEM RECURSIVE VALUES FILL INTERPOLATE TOP APPLY COLUMNS'
  ).split(' '),
);
const operators = new Set([
  ...['->', '||', '=', '==', '!=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '?', ':'],
  ...['AND', 'OR', 'LIKE', 'ILIKE', 'BETWEEN', 'DIV', 'MOD'],
]);
const join_words = new Set('INNER LEFT RIGHT FULL OUTER CROSS ASOF SEMI ANTI ANY ALL'.split(' '));

/** Reads the tokens once, from left to right; throws at the first that does not fit. Precedence does not matter here. */
class Checker {
  readonly #tokens: readonly SqlToken[];
  readonly #tables: ReadonlySet<string>;
  #at = 0;
  #depth = 0;
  /** Names given to queries by WITH, innermost last. */
  #named: string[] = [];

  constructor(tokens: readonly SqlToken[], tables: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#tables = tables;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected();
  }

  query(): void {
    this.#within(() => {
      this.#one();
      while (this.#take('UNION', 'INTERSECT', 'EXCEPT')) {
        this.#take('ALL', 'DISTINCT');
        this.#one();
      }
    });
  }

  #one(): void {
    if (this.#take('(')) {
      this.query();
      this.#need(')');
      return;
    }
    const before = this.#named.length;
    if (this.#take('WITH')) this.#list(() => this.#with());
    this.#need('SELECT');
    this.#take('DISTINCT');
    this.#list(() => this.#selected());
    if (this.#take('FROM')) this.#from();
    for (const word of ['PREWHERE', 'WHERE']) if (this.#take(word)) this.expression();
    if (this.#take('GROUP')) {
      this.#need('BY');
      this.#list(() => this.expression());
    }
    if (this.#take('HAVING')) this.expression();
    if (this.#take('QUALIFY')) this.expression();
    if (this.#take('ORDER')) {
      this.#need('BY');
      this.order();
    }
    while (this.#take('LIMIT', 'OFFSET')) {
      this.#list(() => this.expression());
      if (this.#take('BY')) this.#list(() => this.expression());
    }
    this.#named.length = before;
  }

  #with(): void {
    const is_query =
      this.#peek()?.kind === 'word' &&
      this.#upper(1) === 'AS' &&
      this.#peek(2)?.text === '(' &&
      (query_starts.has(this.#upper(3)) || this.#peek(3)?.text === '(');
    if (!is_query) {
      this.expression();
      return;
    }
    const name = this.#name();
    this.#need('AS');
    this.#need('(');
    this.query();
    this.#need(')');
    this.#named.push(name);
  }

  #selected(): void {
    if (this.#take('*')) return;
    this.expression();
  }

  #from(): void {
    this.table();
    for (;;) {
      if (this.#take(',')) this.table();
      else if (this.#is('ARRAY') || (this.#is('LEFT') && this.#upper(1) === 'ARRAY')) {
        this.#take('LEFT');
        this.#need('ARRAY');
        this.#need('JOIN');
        this.#list(() => this.expression());
      } else if (this.#is('JOIN') || join_words.has(this.#upper())) this.#join();
      else return;
    }
  }

  #join(): void {
    while (this.#takeOf(join_words));
    this.#need('JOIN');
    this.table();
    if (this.#take('ON')) this.expression();
    else if (this.#take('USING')) this.#list(() => this.expression());
  }

  /** What stands after FROM or JOIN: a known table, or a query in parentheses. */
  table(): void {
    if (this.#take('(')) {
      if (this.#is('SELECT', 'WITH', '(')) this.query();
      else throw new Error('after FROM ( a SELECT must follow');
      this.#need(')');
    } else this.#tableName();
    this.#take('FINAL');
    if (this.#take('AS')) this.#name();
    else if (this.#peek()?.kind === 'word' && !reserved.has(this.#upper())) this.#name();
  }

  #tableName(): void {
    const token = this.#peek();
    if (token?.kind !== 'word') throw this.#unexpected('the name of a table');
    const next = this.#peek(1)?.text;
    if (next === '(')
      throw new Error(`${token.text}() takes the place of a table, and only event tables may be read`);
    if (next === '.') throw new Error(`${token.text}.${this.#peek(2)?.text ?? ''} is in another database`);
    if (!this.#tables.has(token.text) && !this.#named.includes(token.text))
      throw new Error(
        `there is no table ${token.text} that content may read; there are ${[...this.#tables].sort().join(', ')}`,
      );
    this.#at++;
  }

  order(): void {
    this.#list(() => {
      this.expression();
      this.#take('ASC', 'DESC');
      if (this.#take('NULLS')) this.#need('FIRST', 'LAST');
    });
  }

  expression(): void {
    this.#within(() => {
      this.#operand();
      for (;;) {
        if (this.#take('IN') || (this.#is('NOT') && this.#upper(1) === 'IN' && this.#skip(2))) this.#inList();
        else if (this.#take('IS')) {
          this.#take('NOT');
          this.#need('NULL');
        } else if (this.#take('NOT')) {
          this.#need('LIKE', 'ILIKE', 'BETWEEN');
          this.#operand();
        } else if (this.#takeOf(operators)) this.#operand();
        else if (this.#take('AS')) this.#name();
        else return;
      }
    });
  }

  /** After IN a bare name would be a table. */
  #inList(): void {
    if (this.#peek()?.kind === 'word' && this.#peek(1)?.text !== '(') this.#tableName();
    else this.#operand();
  }

  #operand(): void {
    while (this.#take('NOT', '-', '+'));
    const token = this.#peek();
    if (token === undefined) throw new Error('the statement ends too early');
    if (token.kind === 'word') this.#word(token.text);
    else if (token.kind !== 'sign') this.#at++;
    else if (this.#take('(')) this.#parentheses(')');
    else if (this.#take('[')) this.#parentheses(']');
    else throw this.#unexpected();
    this.#parts();
  }

  /** Parts of a value: .1, .name, [1], ::Type. */
  #parts(): void {
    for (;;) {
      if (this.#take('.')) {
        if (this.#take('*')) continue;
        const part = this.#peek();
        if (part?.kind !== 'word' && part?.kind !== 'number' && part?.kind !== 'quoted')
          throw this.#unexpected();
        this.#at++;
        if (this.#is('(')) throw new Error(`${part.text}() after a point is no function`);
      } else if (this.#peek()?.kind === 'number' && this.#peek()!.text.startsWith('.')) this.#at++;
      else if (this.#take('[')) {
        this.expression();
        this.#need(']');
      } else if (this.#take('::')) this.#type();
      else return;
    }
  }

  #parentheses(end: ')' | ']'): void {
    if (this.#take(end)) return;
    if (end === ')' && this.#is('SELECT', 'WITH')) this.query();
    else this.#list(() => this.#selected());
    this.#need(end);
  }

  #word(word: string): void {
    const upper = word.toUpperCase();
    const called = this.#peek(1)?.text === '(';
    if (upper === 'CASE') this.#case();
    else if (upper === 'CAST' && called) this.#cast();
    else if (upper === 'EXISTS' && called) {
      this.#at += 2;
      this.query();
      this.#need(')');
    } else if (upper === 'INTERVAL' && !called) {
      this.#at++;
      this.#operand();
      this.#name();
    } else if (called) this.#call(word);
    else if (reserved.has(upper)) throw this.#unexpected();
    else this.#at++;
  }

  #call(name: string): void {
    if (!isAllowedFunction(name)) throw new Error(`function ${name}() is not one that content may use`);
    this.#at += 2;
    if (/^arrayReduce/.test(name)) {
      const first = this.#peek();
      const aggregate = /^'([A-Za-z0-9_]+)(\([0-9., ]*\))?'$/.exec(first?.text ?? '')?.[1] ?? '';
      if (first?.kind !== 'text' || !isAllowedAggregate(aggregate))
        throw new Error(`${name}() takes an aggregate that content may use, as a text`);
    }
    this.#take('DISTINCT');
    this.#parentheses(')');
    // Parameters first, then what it is of: quantileExact(0.5)(x).
    if (this.#take('(')) {
      this.#take('DISTINCT');
      this.#parentheses(')');
    }
    if (this.#take('OVER')) this.#window();
  }

  #window(): void {
    this.#need('(');
    if (this.#take('PARTITION')) {
      this.#need('BY');
      this.#list(() => this.expression());
    }
    if (this.#take('ORDER')) {
      this.#need('BY');
      this.order();
    }
    if (this.#take('ROWS', 'RANGE')) {
      const between = this.#take('BETWEEN');
      this.#bound();
      if (between) {
        this.#need('AND');
        this.#bound();
      }
    }
    this.#need(')');
  }

  #bound(): void {
    if (this.#take('CURRENT')) {
      this.#need('ROW');
      return;
    }
    if (!this.#take('UNBOUNDED')) {
      if (this.#peek()?.kind !== 'number') throw this.#unexpected('a number');
      this.#at++;
    }
    this.#need('PRECEDING', 'FOLLOWING');
  }

  #case(): void {
    this.#at++;
    if (!this.#is('WHEN')) this.expression();
    while (this.#take('WHEN')) {
      this.expression();
      this.#need('THEN');
      this.expression();
    }
    if (this.#take('ELSE')) this.expression();
    this.#need('END');
  }

  #cast(): void {
    this.#at += 2;
    this.#operand();
    while (this.#takeOf(operators)) this.#operand();
    if (this.#take('AS')) this.#type();
    else {
      this.#need(',');
      if (this.#peek()?.kind !== 'text') throw this.#unexpected('a type');
      this.#at++;
    }
    this.#need(')');
  }

  #type(): void {
    this.#name();
    if (!this.#take('(')) return;
    for (let open = 1; open > 0; this.#at++) {
      const token = this.#peek();
      if (token === undefined) throw new Error('a type ends too early');
      if (token.text === '(') open++;
      else if (token.text === ')') open--;
      else if (
        token.kind !== 'word' &&
        token.kind !== 'number' &&
        token.kind !== 'text' &&
        token.text !== ','
      )
        throw this.#unexpected();
    }
  }

  #name(): string {
    const token = this.#peek();
    const is_name =
      token?.kind === 'quoted' || (token?.kind === 'word' && !reserved.has(token.text.toUpperCase()));
    if (!is_name) throw this.#unexpected('a name');
    this.#at++;
    return token.text;
  }

  #list(one: () => void): void {
    do one();
    while (this.#take(','));
  }

  #within(work: () => void): void {
    if (++this.#depth > deepest) throw new Error(`it nests deeper than ${deepest}`);
    work();
    this.#depth--;
  }

  #peek(ahead = 0): SqlToken | undefined {
    return this.#tokens[this.#at + ahead];
  }
  /** The next word or sign in capitals; '' for a text or a quoted name. */
  #upper(ahead = 0): string {
    const token = this.#peek(ahead);
    return token?.kind === 'word' || token?.kind === 'sign' ? token.text.toUpperCase() : '';
  }
  #is(...words: readonly string[]): boolean {
    return words.includes(this.#upper());
  }
  #take(...words: readonly string[]): boolean {
    if (!this.#is(...words)) return false;
    this.#at++;
    return true;
  }
  #takeOf(words: ReadonlySet<string>): boolean {
    if (!words.has(this.#upper())) return false;
    this.#at++;
    return true;
  }
  #skip(count: number): boolean {
    this.#at += count;
    return true;
  }
  #need(...words: readonly string[]): void {
    if (!this.#take(...words)) throw this.#unexpected(words.join(' or '));
  }
  #unexpected(wanted?: string): Error {
    const token = this.#peek();
    const what = token === undefined ? 'the end' : `"${token.text.slice(0, 40)}"`;
    return new Error(
      wanted === undefined ? `${what} is not allowed there` : `${wanted} is expected, not ${what}`,
    );
  }
}
