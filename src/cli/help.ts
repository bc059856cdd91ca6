import { type Command, table } from './command.ts';

/** All commands, or those of one group such as `accounts`. */
export function helpForAll(commands: readonly Command[], group: string | undefined): string {
  const ofGroup = commands.filter((command) => command.name.split(' ')[0] === group);
  const shown = ofGroup.length > 0 ? ofGroup : commands;
  return [
    'Usage: latchkey COMMAND [OPTIONS]',
    '',
    ...table(shown.map((command) => [`  ${command.name}`, command.summary])),
    '',
    'latchkey COMMAND --help tells more about one. latchkey doctor lists every setting.',
  ].join('\n');
}

export function helpFor(command: Command): string {
  const operand = command.operand ? ` ${command.operand}` : '';
  const rows = Object.entries(command.options).map(([name, option]) => [
    option.type === 'string' ? `  --${name} ${option.value ?? 'TEXT'}` : `  --${name}`,
    option.multiple ? `${option.meaning} (may be repeated)` : option.meaning,
  ]);
  return [
    `Usage: latchkey ${command.name}${operand} [OPTIONS]`,
    '',
    command.summary,
    '',
    ...table([...rows, ['  --help', 'Show this']]),
  ].join('\n');
}
