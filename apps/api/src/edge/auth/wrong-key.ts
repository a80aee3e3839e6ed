import { GatewayError } from '#libs/contract';

/** One answer for a missing key and for a wrong one. */
export function wrongKey(): GatewayError {
  return new GatewayError('invalid_api_key', 'A valid API key is required: Authorization: Bearer <key>, or x-api-key.');
}
