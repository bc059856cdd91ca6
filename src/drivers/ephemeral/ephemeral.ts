/**
 * The forgetful half of the outside: counters, one-time marks and messages that may be lost with the process.
 * Nothing a person or a device was told may live here alone.
 * All times are in milliseconds; every key expires.
 */
export type Ephemeral = {
  /** True if other processes see the same keys and messages. */
  readonly shared: boolean;
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttl: number): Promise<void>;
  /** Reads and removes in one step: of many callers, one gets the value. */
  take(key: string): Promise<string | undefined>;
  /** True for the first caller within `ttl`, false for all others. */
  claim(key: string, ttl: number): Promise<boolean>;
  /** Adds one and returns the new count; the window starts with the first increment and is not prolonged. */
  increment(key: string, ttl: number): Promise<number>;
  remove(key: string): Promise<void>;
  /** Delivers to every subscriber in every process, at most once, never for certain. */
  publish(channel: string, message: string): Promise<void>;
  /**
   * Resolves once messages will arrive; call the result to stop. `missed` is told whenever some may have been lost, once
   * they arrive again.
   */
  subscribe(channel: string, receive: (message: string) => void, missed?: () => void): Promise<() => Promise<void>>;
  /** Rejects if the store does not answer, or if this process may be deaf to messages. */
  ping(): Promise<void>;
  close(): Promise<void>;
};
