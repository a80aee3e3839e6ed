import type { RunFrame } from '#libs/wire';
import { createParser } from 'eventsource-parser';

export interface FrameReader {
  onFrames(frames: readonly RunFrame[]): void;
  /** Any byte came, a keep-alive too. */
  onLife(): void;
}

/**
 * Reads run events from an SSE answer until it ends. One call of `onFrames` per chunk of the network. Rejects when the
 * connection breaks.
 */
export async function readFrames(answer: Response, { onFrames, onLife }: FrameReader): Promise<void> {
  if (!answer.body) return;
  let frames: RunFrame[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      const frame = frameIn(data);
      if (frame) frames.push(frame);
    },
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onLife();
    parser.feed(value);
    if (frames.length > 0) onFrames(frames);
    frames = [];
  }
}

/** undefined for what is no event: a proxy's own text, or an event of a later version. */
function frameIn(data: string): RunFrame | undefined {
  try {
    const value = JSON.parse(data) as Partial<RunFrame> | null;
    const isFrame =
      typeof value?.event === 'string' && typeof value.run_id === 'string' && typeof value.seq === 'number';
    return isFrame ? (value as RunFrame) : undefined;
  } catch {
    return undefined;
  }
}
