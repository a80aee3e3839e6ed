import { createHash } from 'node:crypto';

/** One atomic step, executed by Redis. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** A script and its digest, by which it is called. */
export const script = (source: string): Script => ({ source, sha: createHash('sha1').update(source).digest('hex') });
