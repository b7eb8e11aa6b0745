/** "Verify this round": everything that the round rests on, worked out again in this browser. */
import type { JSX } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { cidOf, type Hex } from '../core/cid.ts';
import { checkAbsences, checkDigest, checkLots, checkPledges, checkVotes, chosenOf, type Check } from '../core/checks.ts';
import { wantedOf, type Judgement } from '../core/judge.ts';
import type { Story } from '../core/model.ts';
import { clean } from '../core/text.ts';
import { recompute, Unusable, type Step } from '../edges/recompute.ts';
import { Chip, Facts, Model, Section, Trouble } from './parts.tsx';
import { message, PlaceContext, useAbsence, useWatch } from './hooks.ts';

interface State {
  running: boolean;
  steps: Step[];
  checks: Check[];
  made?: Hex;
  error?: string;
  /** Why the round can't be verified, where that is no fault: its models may be gone. */
  gone?: string;
}

/** `roleOf`: what each account was drawn for, where that is known. */
export function Verify({ story, judged, before, roleOf }: { story: Story; judged: Judgement; before: Hex | undefined; roleOf: ((account: Hex) => string | undefined) | undefined }): JSX.Element {
  const { federation } = useWatch();
  const { gateway } = useContext(PlaceContext);
  const absence = useAbsence();
  const [state, setState] = useState<State>({ running: false, steps: [], checks: [] });
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);
  const chosen = chosenOf(story, judged);
  const accepted = story.settled?.outcome === 1;
  // a rejected aggregate was made of all updates: what some named may be it
  const updates = chosen.length ? story.proposals.filter(({ updateNumber }) => chosen.includes(updateNumber))
    : federation.mechanism === 'stake_vote' ? story.proposals : [];
  const run = async (): Promise<void> => {
    control.current?.abort();
    const { signal } = (control.current = new AbortController());
    const { chain, address, terms } = federation;
    const checks = [
      ...(terms.schedule.pledge ? [checkPledges(chain, address, story)] : []), ...checkVotes(chain, address, story, judged),
      ...(terms.decoyOdds ? [checkLots(terms.decoyOdds, story)] : []), ...(terms.absentAfter ? [checkAbsences(story, wantedOf(federation.mechanism, terms, story.opened?.members ?? 0).voters, roleOf)] : []),
    ];
    setState({ running: true, steps: [], checks });
    const tell = (step: Step): void => setState((old) => ({ ...old, steps: [...old.steps.filter(({ title }) => title !== step.title), step] }));
    try {
      const made = updates.length ? await recompute(gateway, federation.terms.genesis, updates, tell, signal) : undefined;
      const more = made ? checkDigest(story, made) : [{ title: 'Digest', good: accepted ? false : undefined, says: 'no update passed, so there is no model to make' }];
      setState((old) => ({ ...old, running: false, checks: [...checks, ...more], ...(made ? { made } : {}) }));
    } catch (error) {
      if (signal.aborted) return;
      const absent = error instanceof Unusable ? absence(error, error.digest, story.round) : undefined;
      const why = `${message(error)}.${absent ? ` ${absent.says}` : ''}`;
      setState((old) => ({ ...old, running: false, ...(absent?.fine ? { gone: absent.says } : { error: why }) }));
    }
  };
  const { running, steps, checks, made, error, gone } = state;
  const done = !running && !error && checks.length > 0;
  const bad = checks.some(({ good }) => good === false);
  return (
    <Section title="Verify this round" note="Fetches every update from the gateway, checks it against its CID, and computes the average again. The arithmetic is in whole numbers, so every machine gets the same bytes.">
      <button type="button" class="main" disabled={running || !story.settled} onClick={() => void run()}>
        {running ? 'Verifying…' : story.settled ? 'Verify' : 'Not settled yet'}
      </button>
      <div role="status" class="verified" data-verified={done ? (bad ? 'no' : gone ? 'gone' : 'yes') : ''}>
        {done && (bad || !gone) && <p class={bad ? 'trouble' : 'success'}><strong>{bad ? 'Something does not add up.' : 'Everything adds up.'}</strong></p>}
        {done && gone && <p class="note"><strong>{gone}</strong> What needs no models {bad ? 'was checked' : 'adds up'}.</p>}
        <ul class="checks">
          {checks.map(({ title, good, says }) => (
            <li key={title}><Chip tone={good === undefined ? 'dull' : good ? 'good' : 'bad'} sign={good === undefined ? '–' : good ? '✓' : '✕'}>{title}</Chip> {clean(says, 300)}</li>
          ))}
          {steps.map(({ title, says }) => <li key={title} class="dull">{title}: {says}</li>)}
        </ul>
      </div>
      {error && <Trouble>It can’t be verified now: {error} <button type="button" onClick={() => void run()}>Try again</button></Trouble>}
      {made && <Facts facts={[
        ['Computed here', <code class="wrap">{cidOf(made)}</code>],
        ['Accepted on chain', story.settled && accepted ? <Model digest={story.settled.head} before={before} round={accepted ? story.round : undefined} full /> : 'nothing: the model doesn’t change'],
      ]} />}
    </Section>
  );
}
