import type { RunFrame } from '#libs/wire';
import { apiKey } from '../api/key.js';
import { Line } from './line.js';
import type { FromStream } from './messages.js';

interface Listener {
  readonly runId: string;
  lastSeq: number;
  onFrames(frames: readonly RunFrame[]): void;
}

const listeners = new Map<string, Listener>();
const line = new Line(hear, askAgain);

/**
 * The events of a run behind `after`, each once, until the run's last one or until the returned function is called.
 * Survives lost connections, a page that slept, and a stream worker that died.
 */
export function listen(runId: string, after: number, onFrames: Listener['onFrames']): () => void {
  const id = crypto.randomUUID();
  const listener = { runId, lastSeq: after, onFrames };
  listeners.set(id, listener);
  ask(id, listener);
  return () => {
    if (listeners.delete(id)) line.post({ type: 'leave', id });
  };
}

/** Events that two connections brought are told once: the last number heard is kept here, too. */
function hear(message: FromStream): void {
  if (message.type === 'here') return;
  const listener = listeners.get(message.id);
  if (!listener) return;
  if (message.type === 'gone') {
    listeners.delete(message.id);
    return;
  }
  const fresh = message.frames.filter(({ seq }) => seq > listener.lastSeq);
  listener.lastSeq = fresh.at(-1)?.seq ?? listener.lastSeq;
  if (fresh.length > 0) listener.onFrames(fresh);
}

function ask(id: string, { runId, lastSeq }: Listener): void {
  line.post({ type: 'follow', key: apiKey.get(), wish: { id, runId, after: lastSeq } });
}

function askAgain(): void {
  for (const [id, listener] of listeners) ask(id, listener);
}

/** A page that leaves takes its wishes along; one that comes back from the browser's cache has them again. */
window.addEventListener('pagehide', () => {
  for (const id of listeners.keys()) line.post({ type: 'leave', id });
});
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) askAgain();
  line.post({ type: 'check' });
});
const wake = (): void => {
  if (document.hidden) return;
  line.post({ type: 'check' });
  line.post({ type: 'here' });
};
window.addEventListener('online', wake);
document.addEventListener('visibilitychange', wake);
document.addEventListener('resume', () => {
  askAgain();
  wake();
});
