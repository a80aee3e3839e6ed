/** One step of the schema. A released step is never edited: a change is a new step at the end of the list. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** One statement each, because PGlite accepts only one per query. */
  readonly statements: readonly string[];
}
