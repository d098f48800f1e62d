/** Asks for a key, where the server wants one. */
import type { SyntheticEvent } from 'react';
import { signIn } from './session.js';
import { S } from './strings/page.js';

/** @param again the key that there was is not accepted */
export function SignIn({ again }: { again: boolean }) {
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entry = new FormData(event.currentTarget).get('token');
    if (typeof entry === 'string' && entry.trim()) signIn(entry.trim());
  };
  return (
    <main className="sign-in">
      <h1>{S.name}</h1>
      <form className="card" onSubmit={submit}>
        <p className="soft">{S.signInText}</p>
        {again && (
          <p className="note" role="alert">
            {S.tokenRefused}
          </p>
        )}
        <div className="field">
          <label htmlFor="token">{S.token}</label>
          <input id="token" name="token" type="password" autoComplete="off" required autoFocus />
        </div>
        <div className="buttons">
          <button className="primary" type="submit">
            {S.signIn}
          </button>
        </div>
      </form>
    </main>
  );
}
