/** The address behind the '#': which page, and which chain, gateway and federation. Anybody may have written it. */
import { cidOf as cid, digestOf, type Hex } from './cid.ts';
import { historyOf } from './keeping.ts';

export interface Place {
  rpc: string;
  gateway: string;
  federation: string;
  /** For how many rounds models are kept, as the deployment's record says; undefined where it isn't known. */
  history: number | undefined;
}

export type Page =
  | { page: 'settings' }
  | { page: 'rounds' }
  | { page: 'members' }
  | { page: 'round'; round: number }
  | { page: 'member'; account: Hex }
  | { page: 'model'; digest: Hex; before: Hex | undefined; round: number | undefined }
  | { page: 'transaction'; hash: Hex };

export const NOWHERE: Place = { rpc: '', gateway: '', federation: '', history: undefined };
const ROUND_MAX = 2 ** 40;
const NOTHING = '-';

export function parseHash(hash: string): { page: Page; place: Place } {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').slice(0, 4000).split('?', 2);
  const asked = new URLSearchParams(query);
  const place = {
    rpc: url(asked.get('rpc')), gateway: url(asked.get('ipfs')),
    federation: /^0x[0-9a-fA-F]{40}$/.test(asked.get('federation') ?? '') ? (asked.get('federation') ?? '').toLowerCase() : '',
    history: historyOf(asked.get('history')),
  };
  return { page: pageOf(path.split('/')), place };
}

export function formatHash(page: Page, place: Place): string {
  const asked = new URLSearchParams();
  if (place.rpc) asked.set('rpc', place.rpc);
  if (place.gateway) asked.set('ipfs', place.gateway);
  if (place.federation) asked.set('federation', place.federation);
  if (place.history !== undefined) asked.set('history', String(place.history));
  const query = asked.toString();
  return `#/${pathOf(page)}${query ? `?${query}` : ''}`;
}

/** An http(s) URL without name and password, or nothing. */
export function url(text: string | null): string {
  try {
    const parsed = new URL((text ?? '').trim());
    if (!/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) return '';
    return parsed.href.replace(/\/+$/, '');
  } catch {
    return '';
  }
}

function pageOf([name, what = '', more = '', last = '']: string[]): Page {
  const digest = digestOf(what);
  const round = roundOf(what);
  if (name === 'round' && round !== undefined) return { page: 'round', round };
  if (name === 'member' && /^0x[0-9a-f]{40}$/i.test(what)) return { page: 'member', account: what.toLowerCase() as Hex };
  if (name === 'transaction' && /^0x[0-9a-f]{64}$/i.test(what)) return { page: 'transaction', hash: what.toLowerCase() as Hex };
  if (name === 'model' && digest) return { page: 'model', digest, before: digestOf(more), round: roundOf(last) };
  if (name === 'members' || name === 'settings') return { page: name };
  return { page: 'rounds' };
}

function roundOf(text: string): number | undefined {
  return /^\d{1,13}$/.test(text) && Number(text) < ROUND_MAX ? Number(text) : undefined;
}

function pathOf(page: Page): string {
  switch (page.page) {
    case 'round':
      return `round/${page.round}`;
    case 'member':
      return `member/${page.account}`;
    case 'transaction':
      return `transaction/${page.hash}`;
    case 'model':
      return ['model', cid(page.digest), ...(page.before || page.round !== undefined ? [page.before ? cid(page.before) : NOTHING] : []),
        ...(page.round === undefined ? [] : [page.round])].join('/');
    default:
      return page.page;
  }
}
