import type { ApprovalRule } from '#libs/config';
import { LIMITS, type JsonObject, type Tool } from '#libs/contract';

/** What has to be allowed before the call is made, as it is remembered; undefined: nothing. */
export type ApprovalPolicy = (tool: Tool, args: JsonObject) => string | undefined;

/**
 * The first rule whose tool and pattern fit a call decides, else the tool's own default. Patterns see the arguments as
 * JSON written anew, so that no escape and no space of the model's hides anything from them. What is remembered is the
 * tool, or the tool under that rule: "always" to one pattern allows nothing that another one asks for.
 *
 * A pattern may take time with the square of what a model wrote, during which every run of the worker waits: longer
 * arguments are not shown to it, and the call is asked for under a name of its own.
 */
export function approvalPolicy(rules: readonly ApprovalRule[]): ApprovalPolicy {
  const compiled = rules.map((rule) => ({ ...rule, name: globOf(rule.tool) }));
  return (tool, args) => {
    const text = JSON.stringify(args);
    const isLong = text.length > LIMITS.approvalMatchCharsMax;
    const rule = compiled.find(({ name, match }) => name.test(tool.name) && (isLong || (match?.test(text) ?? true)));
    if (isLong && rule?.match) return `${tool.name} (long arguments)`;
    if ((rule?.policy ?? tool.approval) === 'never') return undefined;
    return rule?.match ? `${tool.name} /${rule.match.source}/` : tool.name;
  };
}

/** Letters, digits, _ and - stand for themselves. */
function globOf(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll('*', '.*')}$`);
}
