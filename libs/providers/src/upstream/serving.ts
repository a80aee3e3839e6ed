import { causeText, GatewayError, type ProviderName, type UpstreamSettings } from '#libs/contract';
import { AnswerRefused, TransportError } from './call-errors.js';

/** Where the vendors are, for upstreams without an address of their own. */
export const VENDOR_ADDRESSES = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com',
} as const satisfies Partial<Record<ProviderName, string>>;

const hasVendor = (provider: ProviderName): provider is keyof typeof VENDOR_ADDRESSES => provider in VENDOR_ADDRESSES;

type Addressed = Pick<UpstreamSettings, 'provider' | 'baseUrl'>;

/**
 * The URL of an upstream as it may be shown: without user, password, query and fragment. Undefined for a model that is
 * built in.
 */
export function addressOf({ provider, baseUrl }: Addressed): string | undefined {
  const url = baseUrl ?? (hasVendor(provider) ? VENDOR_ADDRESSES[provider] : undefined);
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, '');
}

/** The upstream as people know it: its name and where it is. */
function called(settings: UpstreamSettings): string {
  const address = addressOf(settings);
  return address === undefined ? `Upstream '${settings.name}'` : `Upstream '${settings.name}' (${address})`;
}

/**
 * Why an upstream gives no list of models, in words that say what to look at: the address, the key, or the path. Keeps
 * the code of the failure. Anything that is no GatewayError counts as no answer in time: the signal that ends the
 * question does so alone.
 */
export function whyNoList(error: unknown, settings: UpstreamSettings): GatewayError {
  const who = called(settings);
  const say = (code: GatewayError['code'], what: string): GatewayError =>
    new GatewayError(code, `${who} ${what}.`, { cause: error });
  if (!(error instanceof GatewayError)) return say('upstream_timeout', 'did not list its models in time');
  const { code, cause } = error;
  const status = cause instanceof AnswerRefused ? cause.status : undefined;
  if (code === 'upstream_auth_failed') return say(code, aboutKey(settings));
  if (code === 'upstream_unreachable' && cause instanceof TransportError) {
    return say(code, `cannot be reached: ${causeText(cause.cause)}`);
  }
  if (code === 'upstream_timeout') return say(code, 'did not list its models in time');
  if (status === 404 || status === 405 || code === 'upstream_invalid') {
    const answered = status === undefined ? 'something else' : String(status);
    return say(code, `answered ${answered} where its list of models should be${pathHint(settings)}`);
  }
  return say(code, `did not list its models: ${error.message.replace(/\.$/, '')}`);
}

/** For an upstream whose list has no models in it. */
export const emptyList = (settings: UpstreamSettings): GatewayError =>
  new GatewayError(
    'upstream_unreachable',
    `${called(settings)} lists no models: load one there, or name one with OPENAI_MODEL.`,
  );

/** The variables of keys belong to the upstreams that the environment makes, which are called like their provider. */
function aboutKey({ name, provider, apiKey }: UpstreamSettings): string {
  const isNamedSo = name === provider && provider !== 'demo';
  const key = isNamedSo ? `API key (${provider.toUpperCase()}_API_KEY or the settings file)` : 'API key';
  return apiKey === undefined ? `wants an ${key}, and none is set` : `did not accept the ${key}`;
}

function pathHint({ provider, baseUrl }: UpstreamSettings): string {
  if (provider !== 'openai' || baseUrl === undefined || /\/v\d+\w*\/*$/.test(baseUrl)) return '';
  return "; the address of most servers ends in '/v1', and this one does not";
}
