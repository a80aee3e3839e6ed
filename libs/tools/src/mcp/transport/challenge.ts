import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';

/**
 * The requirements of a server that answered 401 or 403, for the operator's log. The header's values are the server's
 * own (RFC 9728 5.1, RFC 6750 3). Undefined when the answer is no refusal.
 */
export function challengeText(answer: Response): string | undefined {
  if (answer.status !== 401 && answer.status !== 403) return undefined;
  const refused = `it refused the credentials of mcp_servers (HTTP ${answer.status})`;
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(answer);
  const wants = [
    ...(resourceMetadataUrl
      ? [`an OAuth bearer token as ${resourceMetadataUrl.href} describes`]
      : ['other credentials']),
    ...(scope === undefined ? [] : [`with the scope "${scope.slice(0, SCOPE_CHARS_MAX)}"`]),
  ];
  return `${refused} and wants ${wants.join(', ')}: put a token into token_env`;
}

const SCOPE_CHARS_MAX = 500;
