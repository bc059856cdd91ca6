import type { Config } from '../config.ts';

/** One option of a command, in the words of node:util `parseArgs`. */
export type Option = {
  type: 'string' | 'boolean';
  multiple?: boolean;
  /** What stands for the value in the help. */
  value?: string;
  meaning: string;
};

export type Command = {
  /** As typed, such as `accounts create`. */
  name: string;
  summary: string;
  /** One value without a name, such as `ID`. */
  operand?: string;
  options: Readonly<Record<string, Option>>;
  /** Resolves with false if something it looked at is not in order: exit code 1. */
  run(input: Input, terminal: Terminal): Promise<boolean | undefined>;
};

/** What was typed after the command, already known to be options it has. */
export type Input = {
  flag(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): string[];
  operand: string | undefined;
};

/** The command's outside, handed in for the sake of tests. */
export type Terminal = {
  env: NodeJS.ProcessEnv;
  /** Reads the configuration; throws ConfigError. */
  config(): Config;
  /** One line on standard output. */
  print(line: string): void;
  /** One line on standard error, for people only. */
  note(line: string): void;
  /** All of standard input. */
  read(): Promise<string>;
};

/** Typed in a way that cannot be run: exit code 2. */
export class UsageError extends Error {}

/** Understood, and not done: exit code 1. */
export class Refused extends Error {}

export function required(input: Input, name: string): string {
  const text = input.text(name);
  if (!text) throw new UsageError(`--${name} is missing.`);
  return text;
}

export function requiredOperand(input: Input, command: Command): string {
  if (!input.operand) throw new UsageError(`${command.operand} is missing.`);
  return input.operand;
}

export const json: Option = { type: 'boolean', meaning: 'Print JSON, for scripts' };

/** Columns of text, as wide as they need to be. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');
