import { IncomingMessage } from 'node:http';

/**
 * A request that is an upgrade only when it asks for a WebSocket. With a listener for upgrades Node hands it everything
 * that offers one, and the HTTP clients of Java offer h2c with every request; those go on as ordinary requests, as they
 * do without a listener.
 */
export class UpgradableRequest extends IncomingMessage {
  private offered = false;

  /** Set by Node's parser, and asked by it once the headers are there. */
  get upgrade(): boolean {
    if (!this.offered) return false;
    return this.method === 'CONNECT' || this.headers.upgrade?.toLowerCase() === 'websocket';
  }

  set upgrade(offered: boolean | null) {
    this.offered = offered === true;
  }
}
