import type { Accounts } from '../account/account.ts';
import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Devices } from '../devices/devices.ts';
import type { Journal, RecordedEvent } from '../drivers/journal/journal.ts';
import type { AccountId, AddressId, DeviceId, SessionId } from '../ids.ts';
import type { Signin } from '../signin/signin.ts';
import { type Choice, type Effect, type Owner, type Plan, type PlanNeeds, planDisowning } from './disown-plan.ts';
import type { Timeline } from './timeline.ts';

/** What was done, in numbers; `event` and `what` name the row it was about. */
export type Done = { sessions: number; devices: number; removed: number };

export type DisownNeeds = PlanNeeds & {
  timeline: Pick<Timeline, 'find' | 'disowning'>;
  journal: Pick<Journal, 'append' | 'recent'>;
  signin: Pick<Signin, 'sessionsOf' | 'endSession' | 'endSessionsOf' | 'distrust'>;
  devices: Pick<Devices, 'list' | 'find' | 'report'>;
  authenticators: Pick<Authenticators, 'methodsOf' | 'listPasskeys' | 'listKeys' | 'removePasskey' | 'removeApp'>;
  addresses: Pick<Addresses, 'list' | 'findUndo' | 'remove' | 'undoEmail'>;
  accounts: Pick<Accounts, 'cancelClosing'>;
  recovery: PlanNeeds['recovery'] & { cancel(accountId: AccountId, by: SessionId, id: string): Promise<unknown> };
  /** Tells every address of the account what was said and done (F4, E19). */
  tell(plan: Plan, accountId: AccountId, done: Done): Promise<void>;
};

/** "This wasn't me": what will be done, doing it, and what was done. */
export function createDisowning(needs: DisownNeeds) {
  const { timeline, journal } = needs;

  const plan = async (owner: Owner, id: string): Promise<Plan | undefined> => {
    const found = await timeline.find(owner.accountId, id);
    return found && planDisowning(needs, owner, found);
  };

  return {
    /** Undefined for an event that is not the owner's own (F12). */
    plan,

    /** What the owner said of it before, and what was done then. */
    async before(accountId: AccountId, id: string): Promise<Done | undefined> {
      const event = await timeline.disowning(accountId, id);
      return event && doneOf(event);
    },

    /**
     * Carries the plan out. Each step may be done twice, so that a second press after a failure finishes the work; the
     * record is written last, when it is true.
     */
    async disown(owner: Owner, made: Plan, ticked: (choice: Choice) => boolean): Promise<void> {
      const { id, type } = made.event;
      if (await timeline.disowning(owner.accountId, id)) return;
      const done: Done = { sessions: 0, devices: 0, removed: 0 };
      for (const effect of made.effects) await effects[effect]?.(needs, owner, made.event, done);
      if (made.effects.some((effect) => intrusions.includes(effect)))
        await needs.signin.distrust(owner.accountId, owner.browserId, owner.sessionId);
      for (const choice of made.choices) if (ticked(choice)) await choose(needs, owner, choice, done);
      await journal.append({ type: 'disowned', accountId: owner.accountId, data: { event: id, what: type, ...done } });
      await needs.tell(made, owner.accountId, done);
    },
  };
}

export function doneOf({ data = {} }: RecordedEvent): Done {
  const count = (name: string): number => Number(data[name] ?? 0);
  return { sessions: count('sessions'), devices: count('devices'), removed: count('removed') };
}

/** Somebody else was signed in, though they may be out again by now. */
const intrusions: readonly Effect[] = ['session', 'sessionOver', 'thisBrowser', 'others'];

type Perform = (needs: DisownNeeds, owner: Owner, event: RecordedEvent, done: Done) => Promise<void>;

const effects: Partial<Record<Effect, Perform>> = {
  session: (needs, owner, { data }, done) => endSession(needs, owner, String(data?.session), done),
  thisBrowser: endOthers,
  others: endOthers,
  device: (needs, owner, { data }, done) => endLink(needs, owner, String(data?.device), done),

  async authenticator({ authenticators }, { accountId }, { data }, done) {
    const removed =
      data?.kind === 'app'
        ? await authenticators.removeApp(accountId)
        : await authenticators.removePasskey(accountId, String(data?.credential));
    done.removed += Number(removed);
  },

  async address({ addresses }, { accountId, sessionId }, { data }, done) {
    done.removed += Number(await addresses.remove(accountId, String(data?.id) as AddressId, sessionId));
  },

  async email({ addresses }, { accountId, sessionId }, { data }) {
    await addresses.undoEmail({ accountId, id: String(data?.change) }, sessionId);
  },

  async recovery({ recovery }, { accountId, sessionId }) {
    const pending = await recovery.pending(accountId);
    if (pending) await recovery.cancel(accountId, sessionId, pending.id);
  },

  async closing({ accounts }, { accountId }) {
    await accounts.cancelClosing(accountId);
  },

  /** B29: whoever watches over the service hears which request it was. */
  async report({ journal }, { accountId }, { data }) {
    const facts = { link: data?.link, client: data?.client, country: data?.country, network: data?.network };
    await journal.append({ type: 'reported', accountId, data: { ...facts, reason: 'disowned' } });
  },
};

async function choose(needs: DisownNeeds, owner: Owner, { kind, id }: Choice, done: Done): Promise<void> {
  if (kind === 'device') return endLink(needs, owner, id, done);
  if (kind === 'session') return endSession(needs, owner, id, done);
  done.removed += Number(await needs.authenticators.removePasskey(owner.accountId, id));
}

async function endLink(needs: DisownNeeds, owner: Owner, id: string, done: Done): Promise<void> {
  done.devices += Number(await needs.devices.report(owner.accountId, id as DeviceId));
}

async function endSession(needs: DisownNeeds, owner: Owner, id: string, done: Done): Promise<void> {
  done.sessions += Number(await needs.signin.endSession(owner.accountId, id as SessionId));
}

async function endOthers(needs: DisownNeeds, owner: Owner, _event: RecordedEvent, done: Done): Promise<void> {
  const sessions = await needs.signin.sessionsOf(owner.accountId);
  await needs.signin.endSessionsOf(owner.accountId, owner.sessionId, owner.sessionId);
  done.sessions += sessions.filter(({ sessionId }) => sessionId !== owner.sessionId).length;
}
