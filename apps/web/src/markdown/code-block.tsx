import { useEffect, useState, type ReactNode } from 'react';
import { CopyButton } from '../ui/copy-button.js';
import type { Piece } from './highlighter.js';

/** Code that still grows is coloured when it rests. */
const REST_MS = 250;
/** Longer code stays plain: colours would cost more than they tell. */
const COLOURED_CHARS_MAX = 50_000;

/** A piece of code with its language and a button that copies it. */
export function CodeBlock({ text, language }: { readonly text: string; readonly language: string | undefined }) {
  const pieces = usePieces(text, language);
  return (
    <figure className="code">
      <figcaption>
        <span>{language ?? 'text'}</span>
        <CopyButton text={text} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{pieces ? pieces.map(piece) : text}</code>
      </pre>
    </figure>
  );
}

function usePieces(text: string, language: string | undefined): readonly Piece[] | undefined {
  const [done, setDone] = useState<{ readonly text: string; readonly pieces: readonly Piece[] }>();
  useEffect(() => {
    if (language === undefined || text.length > COLOURED_CHARS_MAX) return;
    let isWanted = true;
    const colour = async (): Promise<void> => {
      const { highlight } = await import('./highlighter.js');
      const pieces = await highlight(text, language);
      if (isWanted && pieces) setDone({ text, pieces });
    };
    // Without its colours it is as readable as before.
    const timer = setTimeout(() => colour().catch(() => undefined), REST_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text, language]);
  return done?.text === text ? done.pieces : undefined;
}

function piece(one: Piece, i: number): ReactNode {
  if (typeof one === 'string') return one;
  return (
    <span key={i} className={`hl-${one.kind}`}>
      {one.pieces.map(piece)}
    </span>
  );
}
