import type { ModelCandidate, RefusedField } from '#libs/contract';

/** Number of models remembered; the oldest is forgotten first. */
const MODELS_MAX = 1_000;
const FIELDS_MAX = 32;
/** After this time a model is asked with all fields again: its server may have been updated. */
const REMEMBERED_MS = 3_600_000;

interface Known {
  readonly field: RefusedField;
  readonly until: number;
}

/** Fields that upstreams refused by name, by upstream and model, for an hour. */
export class RefusedMemory {
  private readonly models = new Map<string, readonly Known[]>();

  /** @param now milliseconds; for tests. */
  constructor(private readonly now: () => number = Date.now) {}

  of(candidate: ModelCandidate): readonly RefusedField[] {
    const known = this.models.get(keyOf(candidate)) ?? [];
    return known.filter(({ until }) => until > this.now()).map(({ field }) => field);
  }

  add(candidate: ModelCandidate, fields: readonly RefusedField[]): void {
    const key = keyOf(candidate);
    const until = this.now() + REMEMBERED_MS;
    const earlier = (this.models.get(key) ?? []).filter(
      (known) => known.until > this.now() && !fields.some((field) => isSame(field, known.field)),
    );
    const known = [...earlier, ...fields.map((field) => ({ field, until }))].slice(-FIELDS_MAX);
    this.models.delete(key);
    this.models.set(key, known);
    const [oldest] = this.models.keys();
    if (this.models.size > MODELS_MAX && oldest !== undefined) this.models.delete(oldest);
  }
}

export const isSame = (a: RefusedField, b: RefusedField): boolean => a.name === b.name && a.value === b.value;

const keyOf = ({ provider, model }: ModelCandidate): string => JSON.stringify([provider.upstream, model]);
