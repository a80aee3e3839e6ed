import type { ChatFile } from '#libs/wire';
import { useRef, useState, type ClipboardEvent, type DragEvent, type KeyboardEvent } from 'react';
import { readImages } from './read-images.js';

export interface Draft {
  readonly text: string;
  readonly images: readonly string[];
  /** Of a message that is edited: they are sent again. */
  readonly files?: readonly ChatFile[];
}

export const EMPTY_DRAFT: Draft = { text: '', images: [] };

export interface ComposerProps {
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly isBusy: boolean;
  readonly isSending: boolean;
  readonly onSend: () => void;
  readonly onStop: () => void;
  readonly onSteer: () => void;
  readonly onStopAndSend: () => void;
}

/** The message box. Enter sends, Shift and Enter begin a line; while a run goes on, a message waits for its turn. */
export function Composer(props: ComposerProps) {
  const { draft, onDraft, isBusy, isSending, onSend } = props;
  const [problem, setProblem] = useState<string>();
  const box = useRef<HTMLTextAreaElement>(null);
  const isEmpty = draft.text.trim() === '' && draft.images.length === 0;
  const add = async (files: Iterable<File>): Promise<void> => {
    const { images, refused } = await readImages(files, draft.images.length);
    setProblem(refused);
    if (images.length > 0) onDraft({ ...draft, images: [...draft.images, ...images] });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (!isEmpty && !isSending) onSend();
  };
  const onPaste = (event: ClipboardEvent): void => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    void add(files);
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    void add(event.dataTransfer.files);
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isEmpty) onSend();
      }}
      onDrop={onDrop}
      onDragOver={(event) => event.preventDefault()}
    >
      <Previews draft={draft} onDraft={onDraft} />
      <label htmlFor="message" className="sr-only">
        Message
      </label>
      <textarea
        id="message"
        ref={box}
        rows={3}
        placeholder="Ask anything"
        value={draft.text}
        onChange={(event) => onDraft({ ...draft, text: event.target.value })}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      {problem !== undefined && <p role="alert">{problem}</p>}
      <Buttons {...props} isEmpty={isEmpty} isBusy={isBusy} />
    </form>
  );
}

function Buttons(props: ComposerProps & { readonly isEmpty: boolean }) {
  const { isBusy, isEmpty, isSending, onStop, onSteer, onStopAndSend } = props;
  return (
    <div className="row">
      <button type="submit" className="primary" disabled={isEmpty || isSending}>
        Send
      </button>
      {isBusy && (
        <>
          <button type="button" className="danger" onClick={onStop}>
            Stop
          </button>
          <button type="button" disabled={isEmpty} onClick={onSteer} title="The model reads it at its next step">
            Steer
          </button>
          <button type="button" disabled={isEmpty} onClick={onStopAndSend}>
            Stop and send
          </button>
          <span className="note">Send waits until this answer is done.</span>
        </>
      )}
    </div>
  );
}

function Previews({ draft, onDraft }: Pick<ComposerProps, 'draft' | 'onDraft'>) {
  if (draft.images.length === 0) return null;
  return (
    <ul className="previews" aria-label="Pictures to send">
      {draft.images.map((url, i) => (
        <li key={i}>
          <img src={url} alt={`Picture ${i + 1}`} />
          <button
            type="button"
            aria-label={`Remove picture ${i + 1}`}
            onClick={() => onDraft({ ...draft, images: draft.images.toSpliced(i, 1) })}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
