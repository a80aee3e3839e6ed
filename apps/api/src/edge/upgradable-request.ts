import { IncomingMessage } from 'node:http';

/**
 * A request that is an upgrade only when it asks for a WebSocket. With a listener for upgrades, Node passes it every
 * request that offers any upgrade, and Java's HTTP clients offer h2c with every request. Those continue as ordinary
 * requests, as they do without a listener.
 */
export class UpgradableRequest extends IncomingMessage {
  private offered = false;

  /** Set by Node's parser, which reads it once the headers are complete. */
  get upgrade(): boolean {
    if (!this.offered) return false;
    return this.method === 'CONNECT' || this.headers.upgrade?.toLowerCase() === 'websocket';
  }

  set upgrade(offered: boolean | null) {
    this.offered = offered === true;
  }
}
