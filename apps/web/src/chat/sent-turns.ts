import type { ChatMessage } from '#libs/wire';
import { useSyncExternalStore } from 'react';

/** A turn as far as a list of turns needs it; how it stands is in its run's view. */
export interface TurnHead {
  readonly runId: string;
  readonly input: readonly ChatMessage[];
}

interface Message extends TurnHead {
  readonly sessionId: string;
}

const NONE: readonly TurnHead[] = [];
const bySession = new Map<string, readonly TurnHead[]>();
const listeners = new Set<() => void>();

/** Tells the other tabs of this browser; those of other browsers ask the server. */
const channel = new BroadcastChannel('talaria.turns');
channel.onmessage = ({ data }: MessageEvent<Message>) => add(data);

/** Turns that were begun in this browser, until the server lists them, too. */
export const sentTurns = {
  add(message: Message): void {
    add(message);
    channel.postMessage(message);
  },
  use(sessionId: string): readonly TurnHead[] {
    return useSyncExternalStore(subscribe, () => bySession.get(sessionId) ?? NONE);
  },
  forgetAll(): void {
    bySession.clear();
  },
};

function add({ sessionId, runId, input }: Message): void {
  const turns = bySession.get(sessionId) ?? NONE;
  if (turns.some((turn) => turn.runId === runId)) return;
  bySession.set(sessionId, [...turns, { runId, input }]);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
