import type { ToolInfo, UpstreamState, WorkerInfo } from '#libs/contract';

/** Upstreams as workers see them: one that answers a single worker is there. */
export function upstreamsOf(infos: readonly WorkerInfo[]): readonly UpstreamState[] {
  const best = new Map<string, UpstreamState>();
  for (const state of infos.flatMap(({ upstreams = [] }) => upstreams)) {
    const known = best.get(state.name);
    if (!known || (known.error && !state.error)) best.set(state.name, state);
  }
  return [...best.values()];
}

/** The tools of all workers by name, each once. */
export function toolInfosOf(infos: readonly WorkerInfo[]): readonly ToolInfo[] {
  const byName = new Map(infos.flatMap(({ toolInfos = [] }) => toolInfos).map((tool) => [tool.name, tool] as const));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
