/** Why Talaria cannot start, in words for a terminal. Ends the launcher with exit code 1 and without a stack. */
export class LaunchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LaunchError';
  }
}
