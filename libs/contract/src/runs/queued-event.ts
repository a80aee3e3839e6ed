import type { EventOf, LoggedEvent } from './run-event.js';
import type { RunSpec } from './run-spec.js';

/** The first event of every log, made from the spec. It has everything that encoders need to know about the request. */
export function queuedEvent(spec: RunSpec): LoggedEvent<EventOf<'run.queued'>> {
  const { runId, protocol, owner, model, echo, metadata, createdAt, parentId, sessionId, jobId, compacts } = spec;
  const { spend } = spec;
  return {
    seq: 1,
    at: createdAt,
    type: 'run.queued',
    runId,
    protocol,
    owner,
    model,
    echo,
    ...(metadata && { metadata }),
    ...(parentId !== undefined && { parentId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(jobId !== undefined && { jobId }),
    ...(compacts && { compacts }),
    ...(spend && { spend }),
  };
}

/** The session in which the run takes a turn. undefined when it takes none. */
export const sessionOfTurn = ({ inTurn, sessionId }: RunSpec): string | undefined => (inTurn ? sessionId : undefined);
