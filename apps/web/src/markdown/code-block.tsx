import { CopyButton } from '../ui/copy-button.js';

/** A piece of code with its language and a button that copies it. */
export function CodeBlock({ text, language }: { readonly text: string; readonly language: string | undefined }) {
  return (
    <figure className="code">
      <figcaption>
        <span>{language ?? 'text'}</span>
        <CopyButton text={text} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
