import { useEffect, useRef } from 'react';
import { ErrorCard } from '../ui/error-card.js';
import { TurnCard, type TurnActions } from './turn.js';
import { useStickToEnd } from './use-stick-to-end.js';
import type { Thread } from './use-thread.js';

/** The turns of a session. Older ones are loaded when their place comes near. */
export function ThreadView({ thread, actions }: { readonly thread: Thread; readonly actions: TurnActions }) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  useStickToEnd(scroller, content);
  const { hasOlder, loadOlder } = thread;
  useEffect(() => {
    const sentinel = top.current;
    if (!sentinel || !hasOlder) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && loadOlder(), {
      root: scroller.current,
      rootMargin: '1500px 0px 0px 0px',
    });
    observer.observe(sentinel);
    return () => observer.disconnect();
  }, [hasOlder, loadOlder]);
  return (
    <div className="thread" ref={scroller} tabIndex={0} role="log" aria-label="Conversation" aria-live="off">
      <div ref={content}>
        <div ref={top} />
        {thread.error && <ErrorCard code="thread" message={thread.error.message} />}
        {thread.isLoading && <p className="note pulse">Loading</p>}
        {!thread.isLoading && thread.turns.length === 0 && !thread.error && (
          <div className="welcome">
            <h2>What can I do for you?</h2>
            <p className="note">Answers go on when you close this page, and are here when you come back.</p>
          </div>
        )}
        {thread.turns.map((turn) => (
          <TurnCard key={turn.runId} turn={turn} actions={actions} />
        ))}
      </div>
    </div>
  );
}
