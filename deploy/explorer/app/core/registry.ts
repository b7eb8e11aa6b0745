/**
 * The registry as events make it: a list without gaps, in three zones, as `contracts/admissions/Managers.sol` keeps it. The members who
 * are in come first, then those who may come in with the next round, then those who joined since the last one opened. A place that
 * becomes free passes to the end of each zone, whose last member moves to where it was. Where nobody has to wait, all are in.
 * An opening that is postponed moves the zones on, too, and lets nobody in.
 */
import type { Hex } from './cid.ts';
import { MEMBERS_MAX } from './draw.ts';

/** Who waits: the terms about newcomers. */
export interface Limit {
  founders?: readonly Hex[];
  newcomers?: number;
  /** The fewest members of a round. */
  fewest?: number;
}

export class Registry {
  readonly accounts: Hex[] = [];
  /** How many are in: the first ones. */
  inside = 0;
  private eligible = 0;
  private opened = false;
  private readonly limit: number;
  private readonly fewest: number;
  private readonly founders: ReadonlySet<Hex>;
  /** Who left before: after the first round a founder is in at once only when it joins for the first time. */
  private readonly left = new Set<Hex>();
  private readonly places = new Map<Hex, number>();

  constructor({ founders = [], newcomers = 0, fewest = 0 }: Limit) {
    this.limit = newcomers;
    this.fewest = fewest;
    this.founders = new Set(founders);
  }

  /** Follows one event; those that don't change the registry are passed over. */
  follow(name: string, account: Hex): void {
    if (name === 'Joined') this.join(account);
    else if (name === 'Left' || name === 'Evicted') this.leave(account);
    else if (name === 'Opened') this.open();
    else if (name === 'Postponed' && this.opened) this.eligible = this.accounts.length;
  }

  private join(account: Hex): void {
    if (this.places.has(account) || this.accounts.length >= MEMBERS_MAX) return;
    this.places.set(account, this.accounts.length);
    this.accounts.push(account);
    if (this.waits(account)) return;
    this.swap(this.eligible++, this.accounts.length - 1);
    this.swap(this.inside++, this.eligible - 1);
  }

  private waits(account: Hex): boolean {
    if (this.limit === 0) return false;
    if (!this.opened) return this.founders.size > 0 && !this.founders.has(account);
    return !this.founders.has(account) || this.left.has(account);
  }

  private open(): void {
    this.inside = Math.min(Math.max(this.inside + this.limit, this.fewest), this.eligible);
    this.eligible = this.accounts.length;
    this.opened = true;
  }

  private leave(account: Hex): void {
    let place = this.places.get(account);
    if (place === undefined) return;
    this.left.add(account);
    if (place < this.inside) place = this.swap(place, --this.inside);
    if (place < this.eligible) place = this.swap(place, --this.eligible);
    this.swap(place, this.accounts.length - 1);
    this.accounts.pop();
    this.places.delete(account);
  }

  /** Lets two change places; returns the second place. */
  private swap(place: number, other: number): number {
    const [one, two] = [this.accounts[place] as Hex, this.accounts[other] as Hex];
    this.accounts[place] = two;
    this.accounts[other] = one;
    this.places.set(two, place);
    this.places.set(one, other);
    return other;
  }
}
