/** What the text index is asked for words, each of which may be the beginning of one. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Database, Dialect } from './database.js';

/** A beginning that more words have is asked for as such, which takes as long as there are rows with one of them. */
const MAX_WORDS = 32;

/** How the two say a beginning, one of several words, and all of several. */
const LANGUAGE: Readonly<Record<Dialect, Record<'word' | 'beginning' | 'or' | 'and', string>>> = {
  sqlite: { word: '"$"', beginning: '"$"*', or: ' OR ', and: ' AND ' },
  postgres: { word: "'$'", beginning: "'$':*", or: ' | ', and: ' & ' },
};

/**
 * The query for all of these words, in the language of the database; undefined when no row can have them.
 *
 * It asks for whole words, found in the vocabulary: of these SQLite gives the newest rows at once, and PostgreSQL knows
 * how many there are.
 */
export async function textQuery(
  database: Database,
  words: readonly string[],
): Promise<string | undefined> {
  const say = LANGUAGE[database.dialect];
  const terms: string[] = [];
  for (const word of words) {
    const known = await wordsFrom(database, word);
    if (known.length === 0) return undefined;
    const whole = known.map((one) => say.word.replace('$', one));
    terms.push(
      known.length > MAX_WORDS ? say.beginning.replace('$', word) : `(${whole.join(say.or)})`,
    );
  }
  return terms.join(say.and);
}

/** The words that begin so, at most one more than {@link MAX_WORDS}. */
async function wordsFrom(database: Database, beginning: string): Promise<string[]> {
  const rows = await database.sql
    .selectFrom('execution_vocabulary')
    .select('word')
    .where('word', '>=', beginning)
    .where('word', '<', `${beginning}\u{10ffff}`)
    .limit(MAX_WORDS + 1)
    .execute();
  return rows.map(({ word }) => word);
}

/** That a row of `execution_text` fits a {@link textQuery}. */
export const textMatches = (dialect: Dialect, query: string): RawBuilder<SqlBool> =>
  dialect === 'sqlite'
    ? sql<SqlBool>`execution_text match ${query}`
    : sql<SqlBool>`execution_text.words @@ ${query}::tsquery`;
