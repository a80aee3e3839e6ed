import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

/** A terminal: something that a person reads, and something that the person writes to. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
  /** Aborted when the launcher is to stop: then nobody waits for the answer. */
  readonly signal: AbortSignal;
}

/**
 * Asks questions of yes or no; Enter alone is yes. Undefined where nobody sits in front of a terminal, so that a start
 * by another program never waits for an answer. An answer that the end of the launcher cuts off is no.
 */
export function confirmAt({ input, output, signal }: Terminal): ((question: string) => Promise<boolean>) | undefined {
  if (input.isTTY !== true || output.isTTY !== true) return undefined;
  return async (question) => {
    const lines = createInterface({ input, output });
    // The input ended (Ctrl-D): that is no answer.
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('no')));
    try {
      const answer = await Promise.race([lines.question(`${question} [Y/n] `, { signal }), ended]);
      return /^(y|yes|)$/i.test(answer.trim());
    } catch {
      return false;
    } finally {
      lines.close();
    }
  };
}
