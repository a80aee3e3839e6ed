import { useState } from 'react';

const SHOWN_MS = 1_500;

export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  const copy = async (): Promise<void> => {
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setState(done ? 'copied' : 'failed');
    setTimeout(() => setState('idle'), SHOWN_MS);
  };
  return (
    <>
      <button type="button" className="quiet" onClick={() => void copy()}>
        {label}
      </button>
      <span role="status" className="note">
        {state === 'copied' ? 'Copied' : state === 'failed' ? 'The browser did not allow it' : ''}
      </span>
    </>
  );
}
