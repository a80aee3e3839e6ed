import { Link } from 'wouter';
import { ApprovalCard } from '../chat/approval.js';
import { ErrorCard } from '../ui/error-card.js';
import { moment } from '../ui/format.js';
import { usePending } from './use-pending.js';

/** What waits for an answer, the longest waiting first, answered in place. */
export function InboxPage() {
  const { data, error, isPending } = usePending();
  const waiting = data?.data ?? [];
  return (
    <main className="page">
      <h1>Inbox</h1>
      {error && <ErrorCard code="inbox" message={error.message} />}
      {!isPending && waiting.length === 0 && !error && <p className="note">Nothing waits for you.</p>}
      {waiting.map(({ run_id, session_id, job_id, request }) => (
        <article key={request.request_id}>
          <p className="note row">
            asked {moment(request.requested_at)}
            <Link href={`/runs/${run_id}`}>run</Link>
            {session_id !== null && <Link href={`/chat/${encodeURIComponent(session_id)}`}>session</Link>}
            {job_id !== null && <Link href={`/jobs/${encodeURIComponent(job_id)}`}>job</Link>}
          </p>
          <ApprovalCard runId={run_id} request={request} />
        </article>
      ))}
    </main>
  );
}
