import type { RouteConfig } from '../config.js';
import type { Problems } from '../values/problems.js';

/**
 * Refuses models that stand in for each other in a circle, because each would be asked for what the other could not do.
 */
export function checkFallbacks(problems: Problems, routes: readonly RouteConfig[]): void {
  const reported = new Set<string>();
  routes.forEach(({ name }, index) => {
    const circle = circleFrom(name, routes);
    if (!circle || circle.some((member) => reported.has(member))) return;
    for (const member of circle) reported.add(member);
    problems.add(`models[${index}].fallback`, `no circle of models: ${[...circle, name].join(' -> ')}`);
  });
}

/** The models on the way from a model back to itself. Depth first; each is visited once. */
function circleFrom(start: string, routes: readonly RouteConfig[]): readonly string[] | undefined {
  const seen = new Set<string>();
  const walk = (name: string, way: readonly string[]): readonly string[] | undefined => {
    const fallback = routes.find((route) => route.name === name)?.fallback ?? [];
    for (const other of fallback) {
      if (other === start) return way;
      if (seen.has(other)) continue;
      seen.add(other);
      const found = walk(other, [...way, other]);
      if (found) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
}
