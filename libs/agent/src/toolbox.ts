import type { ClientTool, ExecutedBy, RunSpec, Tool, ToolChoice } from '#libs/contract';

/** The tools that the model is offered in one run, and who executes each. */
export interface Toolbox {
  /** Server tools come first, so that the prompt cache of an upstream survives a change of the caller's tools. */
  readonly offered: readonly ClientTool[];
  /**
   * A name that nobody offered, or that the caller forbade, belongs to the server, which answers that there is no such
   * tool.
   */
  executedBy(name: string): ExecutedBy;
  /**
   * The server tool of this name. Undefined when there is none, or when the caller's tool of the same name hides it.
   */
  serverTool(name: string): Tool | undefined;
}

/**
 * A tool of the caller hides a server tool of the same name: the model sees the caller's definition, so only the caller
 * can execute it. The API refuses such requests; this rule covers one that gets here all the same.
 */
export function openToolbox(
  spec: Pick<RunSpec, 'tools' | 'toolChoice' | 'protocol'>,
  serverTools: readonly Tool[],
): Toolbox {
  const clientNames = new Set(spec.tools.map((tool) => tool.name));
  const mayAsk = ASKING_PROTOCOLS.has(spec.protocol);
  // A question needs a client that can answer it: one of the runs API, a chat, or one that executes functions.
  const visible = serverTools.filter(
    (tool) => !clientNames.has(tool.name) && (!tool.asksUser || mayAsk || spec.tools.length > 0),
  );
  if (!mayAsk) for (const { name, asksUser } of visible) if (asksUser) clientNames.add(name);
  const byName = new Map(visible.map((tool) => [tool.name, tool]));
  const described = visible.map(({ name, description, parameters }) => ({ name, description, parameters }));
  return {
    offered: [...described, ...spec.tools],
    executedBy: (name) => (clientNames.has(name) && permits(spec.toolChoice, name) ? 'client' : 'server'),
    serverTool: (name) => byName.get(name),
  };
}

/** Protocols whose clients can answer requests of a run. */
const ASKING_PROTOCOLS: ReadonlySet<string> = new Set(['runs', 'messenger']);

/**
 * The caller's choice for one step. A call is forced in the first step only, because otherwise a server tool would be
 * called for ever: `required` and `named` become `auto`, and `allowed` keeps its names but not its force. `none` stays.
 */
export function toolChoiceOf(choice: ToolChoice, isFirstStep: boolean): ToolChoice {
  if (isFirstStep) return choice;
  switch (choice.kind) {
    case 'auto':
    case 'none':
      return choice;
    case 'required':
    case 'named':
      return { kind: 'auto' };
    case 'allowed':
      return { ...choice, mode: 'auto' };
  }
}

/** Whether the caller permits calls of this tool. A model may call it all the same. */
export function permits(choice: ToolChoice, name: string): boolean {
  if (choice.kind === 'allowed') return choice.names.includes(name);
  return choice.kind !== 'none';
}
