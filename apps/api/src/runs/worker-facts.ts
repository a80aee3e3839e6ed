import type { ModelInfo, ToolInfo, UpstreamState, WorkerInfo } from '#libs/contract';
import type { WorkersSeen } from './worker-watch.js';

/** Upstreams as workers see them: one that answers a single worker is there. */
export function upstreamsOf(infos: readonly WorkerInfo[]): readonly UpstreamState[] {
  const best = new Map<string, UpstreamState>();
  for (const state of infos.flatMap(({ upstreams = [] }) => upstreams)) {
    const known = best.get(state.name);
    if (!known || (known.error && !state.error)) best.set(state.name, state);
  }
  return [...best.values()];
}

/** Each model as one of its workers tells it. It is priced when all of them have a price: any may take a run. */
export function modelsOf(infos: readonly WorkerInfo[]): ReadonlyMap<string, ModelInfo> {
  const models = new Map<string, ModelInfo>();
  for (const { isPriced, ...model } of infos.flatMap((info) => info.models)) {
    const earlier = models.get(model.name);
    const isPricedByAll = isPriced && (!earlier || earlier.isPriced);
    models.set(model.name, { ...model, ...(isPricedByAll && { isPriced }) });
  }
  return models;
}

/** The tools of all workers by name, each once. */
export function toolInfosOf(infos: readonly WorkerInfo[]): readonly ToolInfo[] {
  const byName = new Map(infos.flatMap(({ toolInfos = [] }) => toolInfos).map((tool) => [tool.name, tool] as const));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Failures that the next question may not meet. */
const PASSING: ReadonlySet<string> = new Set(['upstream_timeout', 'upstream_rate_limited']);

/**
 * Why workers have no model: the failure of their first upstream without one, and whether that is certain: each
 * upstream of each worker was asked, and has failed for a reason that does not pass by itself.
 */
export function whyNone(infos: readonly WorkerInfo[]): Pick<WorkersSeen, 'failure' | 'isCertain'> {
  const failure = upstreamsOf(infos).find(({ models, error }) => models === 0 && error)?.error;
  if (!failure) return {};
  const hasSaid = ({ models, error }: UpstreamState): boolean =>
    models === 0 && error !== undefined && !PASSING.has(error.code);
  const isCertain = infos.every(
    ({ models, unknownModels, upstreams = [] }) =>
      models.length === 0 && unknownModels !== 'passthrough' && upstreams.length > 0 && upstreams.every(hasSaid),
  );
  return { failure, isCertain };
}
