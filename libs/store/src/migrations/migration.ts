/** One step of the schema. A step that was released is never edited: a change is a new step at the end of the list. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** One statement each: PGlite takes no more in one query. */
  readonly statements: readonly string[];
}
