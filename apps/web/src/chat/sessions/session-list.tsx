import type { SessionObject } from '#libs/wire';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { api } from '../../api/calls.js';
import { download, wholeSession } from './export-session.js';
import { sessionMarkdown } from './session-markdown.js';

const LIVE_MS = 5_000;

/** The sessions of this key, with a search of their titles. */
export function SessionList({ current }: { readonly current: string }) {
  const [search, setSearch] = useState('');
  const [, navigate] = useLocation();
  const { data, error, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['sessions', search],
    queryFn: ({ pageParam }) => api.sessions(search, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    // A session is listed once its first turn has ended, and named by it.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : LIVE_MS),
  });
  const sessions = data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <aside className="sessions" aria-label="Sessions">
      <button type="button" className="primary" onClick={() => navigate('/chat')}>
        New chat
      </button>
      <input
        type="search"
        aria-label="Search sessions"
        placeholder="Search"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {error && <p role="alert">{error.message}</p>}
      <ul>
        {sessions.map((session) => (
          <SessionRow key={session.id} session={session} isCurrent={session.id === current} />
        ))}
      </ul>
      {hasNextPage && (
        <button type="button" onClick={() => void fetchNextPage()}>
          More
        </button>
      )}
    </aside>
  );
}

function SessionRow({ session, isCurrent }: { readonly session: SessionObject; readonly isCurrent: boolean }) {
  const client = useQueryClient();
  const [isRenamed, setIsRenamed] = useState(false);
  const rename = useMutation({
    mutationFn: (text: string) => api.rename(session.id, text),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  });
  const name = session.title ?? session.id;
  if (isRenamed) {
    const done = (title: string | undefined): void => {
      if (title !== undefined && title !== '' && title !== name) rename.mutate(title);
      setIsRenamed(false);
    };
    return (
      <li>
        <TitleBox name={name} onDone={done} />
      </li>
    );
  }
  return (
    <li className={isCurrent ? 'current' : undefined}>
      <Link href={`/chat/${encodeURIComponent(session.id)}`} aria-current={isCurrent ? 'page' : undefined}>
        {name}
      </Link>
      <button type="button" className="quiet" aria-label={`Rename ${name}`} onClick={() => setIsRenamed(true)}>
        ✎
      </button>
      <RowButtons id={session.id} name={name} isCurrent={isCurrent} />
    </li>
  );
}

function TitleBox(props: { readonly name: string; readonly onDone: (title: string | undefined) => void }) {
  const [title, setTitle] = useState(props.name);
  return (
    <input
      aria-label="Title"
      autoFocus
      value={title}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={() => props.onDone(title.trim())}
      onKeyDown={(event) => {
        if (event.key === 'Enter') props.onDone(title.trim());
        if (event.key === 'Escape') props.onDone(undefined);
      }}
    />
  );
}

function RowButtons(props: { readonly id: string; readonly name: string; readonly isCurrent: boolean }) {
  const { id, name, isCurrent } = props;
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => api.deleteSession(id),
    onSuccess: async () => {
      if (isCurrent) navigate('/chat');
      await client.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  const save = useMutation({
    mutationFn: async () => download(name, sessionMarkdown(name, await wholeSession(id))),
  });
  const problem = remove.error ?? save.error;
  return (
    <>
      <button
        type="button"
        className="quiet"
        aria-label={`Export ${name}`}
        disabled={save.isPending}
        onClick={() => save.mutate()}
      >
        ⤓
      </button>
      <button
        type="button"
        className="quiet"
        aria-label={`Delete ${name}`}
        onClick={() => {
          if (confirm(`Delete "${name}" and all its runs?`)) remove.mutate();
        }}
      >
        ×
      </button>
      {problem && <p role="alert">{problem.message}</p>}
    </>
  );
}
