import type { RunFrame } from '#libs/wire';
import { useEffect, useState } from 'react';
import { listen } from '../live/listen.js';

/** A timeline of more events than this would be read by nobody; what comes later is not kept. */
const FRAMES_MAX = 20_000;
const REDRAW_MS = 250;

/** All events of a run that its log still has, and those that come; redrawn a few times a second at most. */
export function useRunEvents(runId: string): readonly RunFrame[] {
  const [frames, setFrames] = useState<readonly RunFrame[]>([]);
  useEffect(() => {
    const heard: RunFrame[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const redraw = (): void => {
      timer = undefined;
      setFrames([...heard]);
    };
    const stop = listen(runId, 0, (more) => {
      heard.push(...more.slice(0, FRAMES_MAX - heard.length));
      timer ??= setTimeout(redraw, REDRAW_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
      setFrames([]);
    };
  }, [runId]);
  return frames;
}
