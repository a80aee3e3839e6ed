import { useState, type FormEvent } from 'react';
import { ApiError } from '../api/api-error.js';
import { api } from '../api/calls.js';
import { apiKey } from '../api/key.js';

/** Asks for an API key and tries it. */
export function SignIn({ onDone }: { readonly onDone: () => void }) {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<string>();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    apiKey.set(key.trim());
    try {
      await api.capabilities();
      onDone();
    } catch (cause) {
      apiKey.forget();
      setProblem(cause instanceof ApiError ? cause.message : 'The key could not be tried.');
    }
  };
  return (
    <main className="sign-in">
      <h1>Talaria</h1>
      <form onSubmit={(event) => void submit(event)}>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          spellCheck={false}
          required
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <button type="submit" className="primary">
          Sign in
        </button>
        {problem !== undefined && <p role="alert">{problem}</p>}
        <p className="note">The key stays in this tab and is gone when you close it.</p>
      </form>
    </main>
  );
}
