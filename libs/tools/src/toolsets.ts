/** Names of tools; one that ends in `*` stands for all names with that beginning. */
export type ToolPatterns = readonly string[];

export interface ToolsetSettings {
  /** The tools offered when neither the key nor the model is limited to toolsets. */
  readonly everywhere: ToolPatterns;
  readonly toolsets: readonly { readonly name: string; readonly tools: ToolPatterns }[];
  readonly byKey: readonly ToolsetUse[];
  readonly byModel: readonly ToolsetUse[];
}

/** A key or a model, and the toolsets that it is limited to. */
interface ToolsetUse {
  readonly name: string;
  readonly toolsets: readonly string[];
}

/** The key and the models of a run, for which limits apply. */
export interface ToolsetUser {
  readonly owner: string;
  /**
   * For each model that may answer, including stand-ins: the names in `byModel` whose limits apply to it. Empty names:
   * the model has no limits.
   */
  readonly models: readonly (readonly string[])[];
}

/**
 * Whether a run may use a tool: it must be in a toolset of its key and in one of its model. A key or a model without
 * toolsets does not limit; when neither has any, `everywhere` decides. Every model that may answer must allow the tool,
 * because the tools of a run are the same whichever model answers.
 */
export function mayUse(settings: ToolsetSettings, { owner, models }: ToolsetUser): (tool: string) => boolean {
  const ofKey = patternsOf(settings, settings.byKey, owner);
  // Without any model given, one model without limits is assumed.
  const limits = (models.length > 0 ? models : [[]]).flatMap((names) => {
    const ofModel = names.map((name) => patternsOf(settings, settings.byModel, name));
    const given = [ofKey, ...ofModel].filter((limit) => limit !== undefined);
    return given.length > 0 ? given : [settings.everywhere];
  });
  return (tool) => limits.every((patterns) => isNamed(tool, patterns));
}

/** Every pattern by which any key or model may use a tool. */
export function allPatterns(settings: ToolsetSettings): ToolPatterns {
  const used = new Set([...settings.byKey, ...settings.byModel].flatMap(({ toolsets }) => toolsets));
  const sets = settings.toolsets.filter(({ name }) => used.has(name));
  return [...settings.everywhere, ...sets.flatMap(({ tools }) => tools)];
}

function patternsOf(
  { toolsets }: ToolsetSettings,
  uses: readonly ToolsetUse[],
  name: string,
): ToolPatterns | undefined {
  const use = uses.find((entry) => entry.name === name);
  return use && toolsets.filter((set) => use.toolsets.includes(set.name)).flatMap(({ tools }) => tools);
}

/** Whether a name equals one of the patterns, or begins like a pattern that ends in `*`. */
export function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}
