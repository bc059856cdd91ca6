import type { LinkError } from './link-error.ts';
import type { Tokens } from './tokens.ts';

/** What the screen should say. The last four are final. */
export type LinkState =
  /** Show the code. `opened`: somebody has entered it and is deciding (only issuers that tell). */
  | { state: 'waiting'; opened: boolean }
  /** Keep the code on the screen: it is still good, and the SDK keeps trying. */
  | { state: 'offline'; reason: 'network' | 'server' }
  | { state: 'linked'; tokens: Tokens }
  | { state: 'declined'; error: LinkError }
  | { state: 'expired'; error: LinkError }
  | { state: 'failed'; error: LinkError };

type Step = { state: LinkState; next: Promise<Step>; go: (step: Step) => void };

/** A chain of states that any number of readers follow, each at its own pace, none missing the last one. */
export function createStates(): {
  current(): LinkState;
  change(state: LinkState): void;
  follow(): AsyncGenerator<LinkState, void>;
} {
  let last = step({ state: 'waiting', opened: false });
  return {
    current: () => last.state,
    change: (state) => {
      if (isSame(last.state, state)) return;
      const next = step(state);
      last.go(next);
      last = next;
    },
    follow: async function* () {
      let at = last;
      yield at.state;
      while (!isFinal(at.state)) {
        at = await at.next;
        yield at.state;
      }
    },
  };
}

function step(state: LinkState): Step {
  let go: (step: Step) => void = () => {};
  const next = new Promise<Step>((resolve) => {
    go = resolve;
  });
  return { state, next, go };
}

function isFinal(state: LinkState): boolean {
  return state.state !== 'waiting' && state.state !== 'offline';
}

function isSame(a: LinkState, b: LinkState): boolean {
  if (a.state === 'waiting' && b.state === 'waiting') return a.opened === b.opened;
  return a.state === 'offline' && b.state === 'offline' && a.reason === b.reason;
}
