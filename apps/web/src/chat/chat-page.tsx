import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../api/calls.js';
import { runs } from '../run-view/run-store.js';
import { Composer, EMPTY_DRAFT, type Draft } from './composer.js';
import { filesOf, imagesOf, userText, userMessage } from './message-text.js';
import { sentTurns, type TurnHead } from './sent-turns.js';
import { SessionMeter } from './sessions/session-meter.js';
import { SessionList } from './sessions/session-list.js';
import { ThreadView } from './thread.js';
import type { TurnActions } from './turn.js';
import { useActiveRuns } from './use-active-runs.js';
import { useThread } from './use-thread.js';

const newSessionId = (): string => `chat-${crypto.randomUUID()}`;

/** Sessions at the side, one of them in the middle. Without a session in the address the first message begins one. */
export function ChatPage({ session }: { readonly session: string | undefined }) {
  const [fresh, setFresh] = useState(newSessionId);
  const sessionId = session ?? fresh;
  useEffect(() => {
    if (session !== undefined) setFresh(newSessionId());
  }, [session]);
  return (
    <main className="chat">
      <h1 className="sr-only">Chat</h1>
      <SessionList current={sessionId} />
      <Conversation key={sessionId} sessionId={sessionId} isNew={session === undefined} />
    </main>
  );
}

function Conversation({ sessionId, isNew }: { readonly sessionId: string; readonly isNew: boolean }) {
  const thread = useThread(sessionId, isNew);
  const active = useActiveRuns(thread.turns);
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [editing, setEditing] = useState<TurnHead>();
  const [model, setModel] = useState<string>();
  const { send, problem, isSending } = useSend(model);
  const branch = useBranch(sessionId);
  const actions = useMemo<TurnActions>(
    () => ({
      retry: (turn) => void branch(turn, 'before').then((to) => send({ sessionId: to, draft: draftOf(turn) })),
      edit: (turn) => {
        setEditing(turn);
        setDraft(draftOf(turn));
        document.getElementById('message')?.focus();
      },
      fork: (turn) => void branch(turn, 'behind'),
    }),
    [branch, send],
  );
  const say = async (): Promise<void> => {
    const to = editing ? await branch(editing, 'before') : sessionId;
    if (!(await send({ sessionId: to, draft }))) return;
    setDraft(EMPTY_DRAFT);
    setEditing(undefined);
  };
  const current = active[0];
  const last = thread.turns.at(-1);
  return (
    <section className="conversation" aria-label="Conversation">
      <ThreadView thread={thread} actions={actions} />
      {problem !== undefined && <p role="alert">{problem}</p>}
      {editing && (
        <p className="note row">
          Your changed message begins a branch of its own.
          <button type="button" className="quiet" onClick={() => setEditing(undefined)}>
            Do not
          </button>
        </p>
      )}
      <div className="row">
        <ModelMenu model={model} onModel={setModel} />
        {last && <SessionMeter session={thread.session} lastRun={last.runId} />}
      </div>
      <Composer
        draft={draft}
        onDraft={setDraft}
        isBusy={current !== undefined}
        isSending={isSending}
        onSend={() => void say()}
        onStop={() => active.forEach((runId) => void api.stop(runId))}
        onSteer={() => {
          if (current !== undefined) void api.steer(current, draft.text).then(() => setDraft(EMPTY_DRAFT));
        }}
        onStopAndSend={() => void Promise.all(active.map((runId) => api.stop(runId))).then(say)}
      />
    </section>
  );
}

interface Sending {
  readonly sessionId: string;
  readonly draft: Draft;
}

/** Sends messages: each with a key of its own, so that a try that got no answer is never said twice. */
function useSend(model: string | undefined) {
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const [problem, setProblem] = useState<string>();
  const [isSending, setIsSending] = useState(false);
  const send = useCallback(
    async ({ sessionId, draft }: Sending): Promise<boolean> => {
      setIsSending(true);
      setProblem(undefined);
      const input = [userMessage(draft.text.trim(), draft.images, draft.files)];
      const order = { sessionId, input, idempotencyKey: crypto.randomUUID(), ...(model !== undefined && { model }) };
      try {
        const { run_id: runId } = await api.startRun(order);
        sentTurns.add({ sessionId, runId, input });
        navigate(`/chat/${encodeURIComponent(sessionId)}`, { replace: true });
        void client.invalidateQueries({ queryKey: ['sessions'] });
        return true;
      } catch (cause) {
        setProblem(cause instanceof Error ? cause.message : 'The message could not be sent.');
        return false;
      } finally {
        setIsSending(false);
      }
    },
    [client, model, navigate],
  );
  return { send, problem, isSending };
}

/** Makes a session that goes on from before or behind a turn, and shows it; gives its id. */
function useBranch(sessionId: string) {
  const [, navigate] = useLocation();
  return useCallback(
    async ({ runId }: TurnHead, where: 'before' | 'behind'): Promise<string> => {
      const run = await api.run(runId);
      const from = where === 'behind' ? runId : run.parent_run_id;
      const id = from === null ? newSessionId() : (await api.fork(await ownerOf(from, sessionId), from)).id;
      navigate(`/chat/${encodeURIComponent(id)}`);
      return id;
    },
    [navigate, sessionId],
  );
}

/** A fork shows turns of the session it came from: those are forked there. */
async function ownerOf(runId: string, sessionId: string): Promise<string> {
  const run = await api.run(runId);
  runs.learn(run);
  return run.session_id ?? sessionId;
}

const draftOf = ({ input }: TurnHead): Draft => ({
  text: userText(input),
  images: imagesOf(input),
  files: filesOf(input),
});

function ModelMenu(props: { readonly model: string | undefined; readonly onModel: (model: string) => void }) {
  const { data } = useQuery({ queryKey: ['models'], queryFn: api.models, staleTime: 30_000 });
  const models = data?.data ?? [];
  return (
    <label className="model">
      <span className="note">Model</span>
      <select value={props.model ?? models[0]?.id ?? ''} onChange={(event) => props.onModel(event.target.value)}>
        {models.map(({ id }) => (
          <option key={id}>{id}</option>
        ))}
      </select>
    </label>
  );
}
