import { randomBytes } from 'node:crypto';
import {
  type Link,
  LinkError,
  type LinkOptions,
  linkDevice,
  refreshTokens,
  revoke,
  type Tokens,
  userInfo,
} from '@latchkey/device';
import { describeAccount } from './account-words.ts';
import type { TvView } from './tv-page.ts';

/** A television without scripts, for which the server holds what a script would: code, then tokens. */
type Screen = { link?: Link; tokens?: Tokens; account?: string; confirmed: boolean; seenAt: number };

export type TvScreens = ReturnType<typeof createTvScreens>;

const most = 200;
/** Milliseconds. A code nobody looks at is not polled for, and tokens nobody uses are not kept. */
const forgetCodeAfter = 90_000;
const forgetTokensAfter = 12 * 3_600_000;

export function createTvScreens(options: LinkOptions, now: () => number = () => performance.now()) {
  const screens = new Map<string, Screen>();

  return {
    /** Returns the name under which the screen is kept; the caller puts it into a cookie. */
    async start(id: string | undefined): Promise<string> {
      drop(id);
      const link = await linkDevice(options);
      const key = randomBytes(16).toString('base64url');
      sweep();
      screens.set(key, { link, confirmed: false, seenAt: now() });
      return key;
    },

    async look(id: string | undefined): Promise<TvView> {
      sweep();
      const screen = id === undefined ? undefined : screens.get(id);
      if (!screen || id === undefined) return { view: 'idle' };
      screen.seenAt = now();
      const state = screen.link?.current();
      if (state?.state === 'linked') screen.tokens = state.tokens;
      if (screen.tokens) return await greet(id, screen, screen.tokens);
      return screen.link ? viewOf(screen.link) : { view: 'idle' };
    },

    confirm(id: string | undefined): void {
      const screen = id === undefined ? undefined : screens.get(id);
      if (screen) screen.confirmed = true;
    },

    async signOut(id: string | undefined): Promise<void> {
      const tokens = id === undefined ? undefined : screens.get(id)?.tokens;
      if (tokens) await revoke({ ...options, token: tokens.refreshToken ?? tokens.accessToken });
      drop(id);
    },

    stop(): void {
      for (const id of [...screens.keys()]) drop(id);
    },
  };

  async function greet(id: string, screen: Screen, tokens: Tokens): Promise<TvView> {
    try {
      screen.account = describeAccount(await personOf(screen, tokens));
    } catch (error) {
      if (error instanceof LinkError && error.code === 'signed_out') {
        drop(id);
        return { view: 'over', title: 'This TV was unlinked', text: 'Nothing of yours is kept here.' };
      }
      if (!(error instanceof LinkError)) throw error;
    }
    return { view: screen.confirmed ? 'home' : 'ask', account: screen.account ?? 'your account' };
  }

  async function personOf(screen: Screen, tokens: Tokens) {
    try {
      return await userInfo({ ...options, accessToken: tokens.accessToken });
    } catch (error) {
      if (!(error instanceof LinkError) || error.code !== 'signed_out' || !tokens.refreshToken) throw error;
      screen.tokens = await refreshTokens({ ...options, refreshToken: tokens.refreshToken });
      return await userInfo({ ...options, accessToken: screen.tokens.accessToken });
    }
  }

  function sweep(): void {
    const oldestFirst = [...screens].sort(([, a], [, b]) => a.seenAt - b.seenAt);
    for (const [id, screen] of oldestFirst) {
      const patience = screen.tokens ? forgetTokensAfter : forgetCodeAfter;
      if (screens.size >= most || now() - screen.seenAt > patience) drop(id);
    }
  }

  function drop(id: string | undefined): void {
    if (id === undefined) return;
    screens.get(id)?.link?.cancel();
    screens.delete(id);
  }
}

function viewOf(link: Link): TvView {
  const state = link.current();
  const code = { userCode: link.userCode, address: link.verificationUri.replace(/^https?:\/\//, ''), qr: link.qrText };
  const minutes = Math.ceil(link.secondsLeft() / 60);
  const works = `This code works for ${minutes > 1 ? `${minutes} minutes` : 'one more minute'}.`;
  switch (state.state) {
    case 'waiting':
      return {
        view: 'waiting',
        ...code,
        status: state.opened ? 'Opened on your phone. Finish there.' : `Waiting for your phone. ${works}`,
        unusual: false,
      };
    case 'offline':
      return { view: 'waiting', ...code, status: 'No connection. We will keep trying.', unusual: true };
    case 'declined':
      return { view: 'over', title: 'Turned down on your phone', text: 'Nothing was linked.' };
    case 'failed':
      return {
        view: 'over',
        title: 'This TV cannot sign in',
        text: `The server said: ${state.error.description ?? state.error.message}`,
      };
    default:
      return { view: 'over', title: 'That code ran out', text: 'Press OK for a new code.' };
  }
}
