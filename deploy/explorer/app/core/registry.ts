/** The registry as events make it: a list without gaps, in which the last fills the place of one who leaves. */
import type { Hex } from './cid.ts';
import { MEMBERS_MAX } from './draw.ts';

export class Registry {
  readonly accounts: Hex[] = [];
  private readonly places = new Map<Hex, number>();

  /** Follows one event; those that don't change the registry are passed over. */
  follow(name: string, account: Hex): void {
    if (name === 'Joined') this.join(account);
    else if (name === 'Left' || name === 'Evicted') this.leave(account);
  }

  private join(account: Hex): void {
    if (this.places.has(account) || this.accounts.length >= MEMBERS_MAX) return;
    this.places.set(account, this.accounts.length);
    this.accounts.push(account);
  }

  private leave(account: Hex): void {
    const place = this.places.get(account);
    const last = this.accounts.at(-1);
    if (place === undefined || last === undefined) return;
    this.accounts[place] = last;
    this.places.set(last, place);
    this.accounts.pop();
    this.places.delete(account);
  }
}
