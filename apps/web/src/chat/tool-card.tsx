import type { ToolView } from '../run-view/run-view.js';
import { CopyButton } from '../ui/copy-button.js';
import { duration } from '../ui/format.js';
import { prettyJson } from '../ui/pretty-json.js';
import { ApprovalCard } from './approval.js';

/** More of a result than this is shown when somebody asks for it. */
const SHOWN_CHARS = 2_000;

/** A call of a tool: what was asked, what came back, and how long it took. */
export function ToolCard({ runId, call }: { readonly runId: string; readonly call: ToolView }) {
  if (call.pending) return <ApprovalCard runId={runId} request={call.pending} />;
  const state = stateOf(call);
  return (
    <details className={`tool card ${state}`}>
      <summary>
        <span className={`dot ${state}`} aria-hidden="true" />
        <code>{call.name}</code>
        <span className="note">
          {state}
          {call.duration !== null && `, ${duration(call.duration)}`}
          {call.approval &&
            `, ${call.approval.choice === 'deny' ? 'denied' : 'allowed'} by ${call.approval.by ?? 'user'}`}
        </span>
        {call.progress !== undefined && call.output === null && <span className="note">{call.progress}</span>}
      </summary>
      <h4>Arguments</h4>
      <pre tabIndex={0}>{prettyJson(call.arguments)}</pre>
      {call.output !== null && <Output text={call.output} isError={call.is_error === true} />}
    </details>
  );
}

function Output({ text, isError }: { readonly text: string; readonly isError: boolean }) {
  const isLong = text.length > SHOWN_CHARS;
  return (
    <>
      <h4>{isError ? 'Error' : 'Result'}</h4>
      <pre tabIndex={0}>{isLong ? `${text.slice(0, SHOWN_CHARS)} …` : prettyJson(text)}</pre>
      {isLong && (
        <details>
          <summary>All {text.length.toLocaleString()} characters</summary>
          <pre tabIndex={0}>{text}</pre>
        </details>
      )}
      <CopyButton text={text} label="Copy result" />
    </>
  );
}

function stateOf({ status, output, is_error, executed_by, approval }: ToolView): string {
  if (approval?.choice === 'deny') return 'denied';
  if (output !== null) return is_error === true ? 'failed' : 'done';
  if (status === 'in_progress') return 'running';
  return executed_by === 'client' ? 'for the caller' : 'interrupted';
}
