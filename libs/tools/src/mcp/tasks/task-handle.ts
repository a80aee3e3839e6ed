import { isJsonObject, type JsonObject, type ToolContext, type ToolResume } from '#libs/contract';

/** What the run's log keeps of a task. */
export interface TaskHandle {
  readonly taskId: string;
  /** Milliseconds since the epoch: how long the result is waited for. */
  readonly until: number;
}

export const handleToKeep = ({ taskId, until }: TaskHandle): JsonObject => ({ kind: 'mcp_task', taskId, until });

/** The task under which the call goes on. Undefined when the call has not been made yet. */
export function keptTask({ handle }: Pick<ToolContext, 'handle'>): TaskHandle | undefined {
  if (handle?.['kind'] !== 'mcp_task') return undefined;
  const { taskId, until } = handle;
  return typeof taskId === 'string' && typeof until === 'number' ? { taskId, until } : undefined;
}

/** The state of a task's questions, with which any worker can pass on the answers. */
export const questionState = (taskId: string, ids: readonly string[], answered: readonly string[]): JsonObject => ({
  task: { taskId, answered: [...answered] },
  ids: [...ids],
});

/**
 * The ids of questions that were answered before, when the user has just answered this task. Undefined when the answers
 * are to a question that the server asked before it made the task.
 */
export function answeredBefore({ state }: ToolResume, taskId: string): readonly string[] | undefined {
  const { task } = state;
  if (!isJsonObject(task) || task['taskId'] !== taskId) return undefined;
  return Array.isArray(task['answered']) ? task['answered'].map(String) : [];
}
