/**
 * Settings that cannot work. All of them are told at once, one line each: whoever mends one should not meet the next
 * at the next start. No line repeats a value that may be secret.
 */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const all = [problems].flat();
    super(all.join('\n'), options);
    this.problems = all;
  }
}

/** Gathers what cannot work while the rest is read on. */
export type Judge = {
  /** What `read` gives, or `standIn` if it throws a ConfigError. */
  told<T>(read: () => T, standIn: T): T;
  tell(problem: string): void;
  /** Throws all that was told, if anything was. */
  conclude(): void;
};

export function createJudge(): Judge {
  const problems: string[] = [];
  return {
    tell: (problem) => void problems.push(problem),
    told(read, standIn) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
        return standIn;
      }
    },
    conclude() {
      if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
    },
  };
}
