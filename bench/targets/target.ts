import type { RequestShape } from '../load/load.ts';
import type { Memory } from './probe.ts';

/** `issue` a code, `poll` while it waits, `redeem` it after approval, `refresh` with rotation. */
export type Ability = 'issue' | 'poll' | 'redeem' | 'refresh';

/** A server to measure. */
export type Target = {
  name: string;
  /** What it is, in half a sentence for the report. */
  meaning: string;
  /** What each request looks like; what is missing, it cannot do. */
  requests: { issue: RequestShape; poll: RequestShape; refresh?: RequestShape };
  /** False if a database in processes of its own takes part. */
  alone: boolean;
  start(wishes: StartWishes): Promise<Running>;
};

export type StartWishes = {
  /** A folder of its own, empty. */
  folder: string;
  /** Which core it may use; undefined leaves it to the system. */
  core: number | undefined;
  /** So many codes wait for their person from the start. */
  waiting?: number;
  /** More environment for the server. */
  env?: Record<string, string>;
  /** Nothing is prepared in the folder or the database: the server meets what a new install meets. */
  untouched?: boolean;
  /** Join the database of this one instead of an own. */
  beside?: Running;
};

export type CodeState = 'pending' | 'approved';

export type Running = {
  target: Target;
  port: number;
  pid: number;
  /** When the process was started, on the clock of `performance.now()`. */
  spawnedAt: number;
  /** The device codes that waited from the start, one per line. */
  waiting: string | undefined;
  /** Writes so many new device codes, one per line, to a file, whose path is the answer. */
  prepare(state: CodeState, count: number): Promise<string>;
  /** Approves as a person would, however this server does that; resolves when it is done. */
  approve(userCode: string): Promise<void>;
  memory(): Promise<Memory>;
  startProfile(): Promise<void>;
  /** Writes what was sampled to the file. */
  stopProfile(file: string): Promise<void>;
  stop(): Promise<void>;
};

export const clientId = 'tv';
export const scope = 'openid offline_access';
export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** The requests of a server that speaks RFC 8628 as written. */
export function standardRequests(client: string): Required<Target['requests']> {
  const form = (path: string, fields: Record<string, string>): RequestShape => ({
    path,
    type: 'application/x-www-form-urlencoded',
    // The placeholder for the value must stay readable.
    body: new URLSearchParams(fields).toString().replace('%7Bvalue%7D', '{value}'),
  });
  return {
    issue: form('/device_authorization', { client_id: client, scope }),
    poll: form('/token', { grant_type: deviceCodeGrant, client_id: client, device_code: '{value}' }),
    refresh: form('/token', { grant_type: 'refresh_token', client_id: client, refresh_token: '{value}' }),
  };
}
