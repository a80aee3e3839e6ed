import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Redirect, Route, Switch, useSearch } from 'wouter';
import { ApiError } from './api/api-error.js';
import { api, type RunFilter } from './api/calls.js';
import { apiKey } from './api/key.js';
import { onKeyRefused } from './api/request.js';
import { ChatPage } from './chat/chat-page.js';
import { sentTurns } from './chat/sent-turns.js';
import { InboxPage } from './inbox/inbox-page.js';
import { usePending } from './inbox/use-pending.js';
import { JobPage } from './jobs/job-page.js';
import { JobsPage } from './jobs/jobs-page.js';
import { OverviewPage } from './overview/overview-page.js';
import { RunPage } from './runs/run-page.js';
import { RunsPage } from './runs/runs-page.js';
import { runs } from './run-view/run-store.js';
import { ErrorCard } from './ui/error-card.js';
import { Frame } from './ui/frame.js';
import { SignIn } from './ui/sign-in.js';

const RETRIES_MAX = 3;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, cause) => failures < RETRIES_MAX && cause instanceof ApiError && cause.isPassing,
      refetchOnWindowFocus: true,
    },
  },
});

export function App() {
  return (
    <QueryClientProvider client={client}>
      <Gate />
    </QueryClientProvider>
  );
}

/** Whoever the server lets in without a key is in; everybody else is asked for one. */
function Gate() {
  const [isRefused, setIsRefused] = useState(false);
  const { error, refetch, isPending } = useQuery({ queryKey: ['capabilities'], queryFn: api.capabilities });
  useEffect(() => onKeyRefused(() => setIsRefused(true)), []);
  const signOut = (): void => {
    apiKey.forget();
    runs.forgetAll();
    sentTurns.forgetAll();
    client.clear();
    setIsRefused(true);
  };
  const signedIn = (): void => {
    setIsRefused(false);
    void refetch();
  };
  if (isRefused || (error instanceof ApiError && error.status === 401)) return <SignIn onDone={signedIn} />;
  if (isPending) return <p className="note pulse center">Talaria</p>;
  if (error) {
    return (
      <main className="center">
        <ErrorCard code={error instanceof ApiError ? error.code : 'network'} message={error.message}>
          <button type="button" onClick={() => void refetch()}>
            Retry
          </button>
        </ErrorCard>
      </main>
    );
  }
  return <Pages {...(apiKey.get() !== undefined && { onSignOut: signOut })} />;
}

function Pages({ onSignOut }: { readonly onSignOut?: () => void }) {
  const search = useSearch();
  const { data: pending } = usePending();
  return (
    <Frame waiting={pending?.data.length ?? 0} {...(onSignOut && { onSignOut })}>
      <Switch>
        <Route path="/chat/:session?">{({ session }) => <ChatPage session={session} />}</Route>
        <Route path="/runs">{() => <RunsPage filter={filterOf(search)} />}</Route>
        <Route path="/runs/:run">{({ run }) => <RunPage key={run} runId={run} />}</Route>
        <Route path="/inbox">{() => <InboxPage />}</Route>
        <Route path="/jobs">{() => <JobsPage />}</Route>
        <Route path="/jobs/:job">{({ job }) => <JobPage key={job} id={job} />}</Route>
        <Route path="/overview">{() => <OverviewPage />}</Route>
        <Route>
          <Redirect to="/chat" replace />
        </Route>
      </Switch>
    </Frame>
  );
}

/** The part of the list of runs that an address means: `?session=` or `?job=`. */
function filterOf(search: string): RunFilter {
  const fields = new URLSearchParams(search);
  const [session, job] = [fields.get('session'), fields.get('job')];
  return { ...(session !== null && { session }), ...(job !== null && { job }) };
}
