import type { ApprovalRequest, ApprovalWord } from '#libs/wire';
import { useMutation } from '@tanstack/react-query';
import { api } from '../api/calls.js';
import { Questions } from './questions.js';
import { prettyJson } from '../ui/pretty-json.js';

const CHOICES: readonly (readonly [ApprovalWord, string])[] = [
  ['once', 'Allow once'],
  ['session', 'Allow for session'],
  ['always', 'Always allow'],
  ['deny', 'Deny'],
];

/** A call that waits for a human. The answer is shown by the run's own event, so every tab shows the same. */
export function ApprovalCard({ runId, request }: { readonly runId: string; readonly request: ApprovalRequest }) {
  if (request.questions) return <Questions runId={runId} request={request} questions={request.questions} />;
  return <Permission runId={runId} request={request} />;
}

function Permission({ runId, request }: { readonly runId: string; readonly request: ApprovalRequest }) {
  const answer = useMutation({ mutationFn: (choice: ApprovalWord) => api.approve(runId, request.request_id, choice) });
  const until = new Date(request.expires_at * 1_000);
  return (
    <section className="approval card" aria-label={`Approval of ${request.tool}`}>
      <p>
        May <strong>{request.tool}</strong> be called with this?
      </p>
      <pre tabIndex={0}>{prettyJson(request.arguments)}</pre>
      <div className="row">
        {CHOICES.map(([choice, label]) => (
          <button
            key={choice}
            type="button"
            className={choice === 'deny' ? 'danger' : choice === 'once' ? 'primary' : ''}
            disabled={answer.isPending || answer.isSuccess}
            onClick={() => answer.mutate(choice)}
          >
            {label}
          </button>
        ))}
      </div>
      <p className="note">
        Denied by itself at <time dateTime={until.toISOString()}>{until.toLocaleTimeString()}</time>.
      </p>
      {answer.error && <p role="alert">{answer.error.message}</p>}
    </section>
  );
}
