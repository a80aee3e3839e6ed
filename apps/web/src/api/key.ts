const NAME = 'talaria.key';

/** The API key of this tab: it is sent as a header, kept until the tab closes, and never part of an address. */
export const apiKey = {
  get: (): string | undefined => sessionStorage.getItem(NAME) ?? undefined,
  set: (key: string): void => sessionStorage.setItem(NAME, key),
  forget: (): void => sessionStorage.removeItem(NAME),
};

/** The headers that name the caller; none without a key. */
export function keyHeaders(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}
