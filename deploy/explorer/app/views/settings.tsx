/** Where the chain, the gateway and the federation are. It goes into the address, so that a link says it all. */
import type { JSX } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { historyOf } from '../core/keeping.ts';
import { formatHash, url } from '../core/route.ts';
import { Section, Trouble } from './parts.tsx';
import { PlaceContext } from './hooks.ts';

export function SettingsPage(): JSX.Element {
  const place = useContext(PlaceContext);
  const [rpc, setRpc] = useState(place.rpc || 'http://127.0.0.1:8545');
  const [gateway, setGateway] = useState(place.gateway || 'http://127.0.0.1:8080');
  const [federation, setFederation] = useState(place.federation);
  const [history, setHistory] = useState(place.history === undefined ? '' : String(place.history));
  const [wrong, setWrong] = useState('');
  const go = (event: Event): void => {
    event.preventDefault();
    const address = federation.trim();
    if (!url(rpc)) setWrong('The node’s URL must begin with http:// or https://, and must not contain a password.');
    else if (gateway.trim() && !url(gateway)) setWrong('The gateway’s URL must begin with http:// or https://, and must not contain a password.');
    else if (!/^0x[0-9a-fA-F]{40}$/.test(address)) setWrong('A federation’s address is 0x and 40 hexadecimal digits.');
    else if (history.trim() && historyOf(history.trim()) === undefined) setWrong('The rounds for which models are kept must be a whole number, as in the deployment’s record.');
    else location.hash = formatHash({ page: 'rounds' }, { rpc: url(rpc), gateway: url(gateway), federation: address.toLowerCase(), history: historyOf(history.trim()) });
  };
  return (
    <Section title="What to look at" note="Only your browser sends requests to these addresses. Every link to a page includes them.">
      <form onSubmit={go} noValidate>
        <Field name="rpc" label="Ethereum node (JSON-RPC URL)" value={rpc} set={setRpc} kind="url" />
        <Field name="ipfs" label="IPFS gateway (URL), for models" value={gateway} set={setGateway} kind="url" />
        <Field name="federation" label="Federation (address)" value={federation} set={setFederation} kind="text" />
        <Field name="history" label="Rounds for which models are kept (“history” in the deployment’s record)" value={history} set={setHistory} kind="numeric" />
        {wrong && <Trouble>{wrong}</Trouble>}
        <button type="submit" class="main">Show rounds</button>
      </form>
    </Section>
  );
}

function Field({ name, label, value, set, kind }: { name: string; label: string; value: string; set: (value: string) => void; kind: 'url' | 'text' | 'numeric' }): JSX.Element {
  return (
    <p class="field">
      <label for={name}>{label}</label>
      <input id={name} type="text" inputMode={kind} value={value} maxLength={500} spellcheck={false} autocomplete="off" onInput={(event) => set(event.currentTarget.value)} />
    </p>
  );
}
