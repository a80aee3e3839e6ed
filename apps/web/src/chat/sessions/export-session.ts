import type { TurnObject } from '#libs/wire';
import { api } from '../../api/calls.js';

const PAGE = 200;

/** All turns of a session, the oldest first. Rejects with ApiError. */
export async function wholeSession(sessionId: string): Promise<readonly TurnObject[]> {
  const turns: TurnObject[] = [];
  for (let after: string | undefined; ;) {
    const { data, next } = await api.turns(sessionId, after, PAGE);
    turns.push(...data);
    if (next === null) return turns.reverse();
    after = next;
  }
}

/** Hands a text to the browser as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/markdown;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80) || 'session'}.md`;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
