import { endTree, killTree, type ProcessTree } from './process-group.js';

/** The living process trees, so that none outlives the worker. */
export class LiveTrees {
  private readonly trees = new Set<ProcessTree>();
  private readonly ending = new Map<ProcessTree, Promise<void>>();

  add(tree: ProcessTree): void {
    this.trees.add(tree);
  }

  /** Ends a tree, gently first; calling it again waits for the same end. Never rejects. */
  end(tree: ProcessTree): Promise<void> {
    const running = this.ending.get(tree);
    if (running) return running;
    const ending = endTree(tree).finally(() => {
      this.trees.delete(tree);
      this.ending.delete(tree);
    });
    this.ending.set(tree, ending);
    return ending;
  }

  /** Kills all living trees. For the end of the worker. */
  async close(): Promise<void> {
    await Promise.all([...this.trees].map((tree) => killTree(tree)));
  }
}
