/** A list in the form of /v1/runs: `next` is the `after` of the following page. */
export type Page<T> = {
  readonly object: 'list';
  readonly data: readonly T[];
  readonly has_more: boolean;
  readonly next: string | null;
};
