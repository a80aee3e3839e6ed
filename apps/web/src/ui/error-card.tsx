import type { ReactNode } from 'react';

/** What each kind of failure asks of the reader. */
const ADVICE: Readonly<Record<string, string>> = {
  network: 'Check that the gateway runs and that you are online. It goes on by itself when it is back.',
  invalid_api_key: 'Sign in again with a valid key.',
  rate_limit_exceeded: 'Too many requests at once. Wait a moment and try again.',
  model_not_found: 'Choose another model from the menu.',
  context_length_exceeded:
    'The conversation is too long for this model. Start a new chat, or fork it at an earlier message.',
  session_busy: 'Stop the run that goes on first.',
  unavailable: 'A part of the gateway does not answer. It is usually back within seconds.',
  queue_unavailable: 'The queue does not answer. It is usually back within seconds.',
  worker_lost: 'The worker that ran this was lost too often. Try again.',
  body_too_large: 'Send fewer or smaller images.',
};

/** What happened, and what to do about it. */
export function ErrorCard(props: { readonly code: string; readonly message: string; readonly children?: ReactNode }) {
  const { code, message, children } = props;
  const advice = ADVICE[code];
  return (
    <div className="error card" role="alert">
      <p>
        <strong>{message}</strong>
      </p>
      {advice !== undefined && <p>{advice}</p>}
      <p className="note">
        <code>{code}</code>
      </p>
      {children !== undefined && <div className="row">{children}</div>}
    </div>
  );
}
