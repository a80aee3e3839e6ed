import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../api/calls.js';
import type { RunView } from '../run-view/run-view.js';
import { stepsToRepeat } from './steps-to-repeat.js';

/** Runs the run again, from its beginning or from a later step: the steps before it stay as they were. */
export function Rerun({ view }: { readonly view: RunView }) {
  const [, navigate] = useLocation();
  const [from, setFrom] = useState(1);
  const again = useMutation({
    mutationFn: () => api.rerun(view.runId, from - 1, crypto.randomUUID()),
    onSuccess: ({ run_id: runId }) => navigate(`/runs/${runId}`),
  });
  return (
    <div className="row">
      <label>
        From step{' '}
        <select value={from} onChange={(event) => setFrom(Number(event.target.value))}>
          {stepsToRepeat(view).map((step) => (
            <option key={step}>{step}</option>
          ))}
        </select>
      </label>
      <button type="button" disabled={again.isPending} onClick={() => again.mutate()}>
        Run again
      </button>
      {again.error && <p role="alert">{again.error.message}</p>}
    </div>
  );
}
