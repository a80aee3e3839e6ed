import { GatewayError } from '#libs/contract';
import type { Outcome, Platform, Step } from '#libs/messengers';
import type { Logger } from '#libs/platform';

/** They are made without the bot's token, or say nothing about it. */
const WITHOUT_TOKEN: ReadonlySet<Step['kind']> = new Set(['pressed', 'fetch']);
/** Who answers so has taken the token. */
const TAKEN: ReadonlySet<Outcome['kind']> = new Set(['done', 'unchanged', 'gone', 'refused']);

/** Which platforms refuse the token of their bot. Answers wait then; nobody but an operator can mend it. */
export class Tokens {
  private readonly refused = new Map<string, string>();
  private readonly platforms = new Set<string>();

  constructor(private readonly logger: Logger) {}

  /** The platform, with an eye on what becomes of its calls. */
  watch(platform: Platform): Platform {
    const { name } = platform;
    this.platforms.add(name);
    return {
      ...platform,
      post: async (step, signal) => {
        const outcome = await platform.post(step, signal);
        if (WITHOUT_TOKEN.has(step.kind)) return outcome;
        if (outcome.kind === 'unsent' && outcome.token) this.refuse(name, outcome.why);
        else if (TAKEN.has(outcome.kind)) this.take(name);
        return outcome;
      },
    };
  }

  /** Says it once, not with every try. */
  refuse(platform: string, why: string): void {
    if (this.refused.has(platform)) return;
    this.refused.set(platform, why);
    this.logger.error({ platform, why }, 'the platform refuses the token of the bot: nothing comes in or goes out');
  }

  private take(platform: string): void {
    if (this.refused.delete(platform)) this.logger.warn({ platform }, 'the platform takes the token of the bot again');
  }

  /** Rejects with GatewayError `unavailable` when no platform takes its token: with one that does, there is work. */
  async check(): Promise<void> {
    if (this.platforms.size === 0 || this.refused.size < this.platforms.size) return;
    const why = [...this.refused].map(([platform, said]) => `${platform} refuses the token of the bot (${said})`);
    throw new GatewayError('unavailable', `${why.join('; ')}.`);
  }
}
