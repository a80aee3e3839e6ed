import { GatewayError } from '#libs/contract';
import type { Preparation, PreparePorts, Protocol } from '#libs/protocols';
import type { HistoryReader } from '#libs/history';
import type { Runs } from '#libs/runs';

/** The work that each protocol needs before its run is opened, by the name of the protocol. */
export function preparationsOf(
  protocols: readonly Protocol[],
  { runs, history }: { readonly runs: Pick<Runs, 'get'>; readonly history: Pick<HistoryReader, 'turns'> },
): ReadonlyMap<string, Preparation> {
  const ports: PreparePorts = {
    run: (runId, owner) => runs.get(runId, owner).catch(undefinedIfUnknown),
    turns: (runId) => history.turns(runId),
  };
  return new Map(
    protocols.flatMap((protocol) => (protocol.prepare ? [[protocol.name, protocol.prepare(ports)] as const] : [])),
  );
}

function undefinedIfUnknown(cause: unknown): undefined {
  if (cause instanceof GatewayError && cause.code === 'run_not_found') return undefined;
  throw cause;
}
