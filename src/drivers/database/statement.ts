import type { Compilable, CompiledQuery, Transaction } from 'kysely';

/** Stands for a value that is given when the statement runs. */
export type Parameter<Values> = <Name extends keyof Values & string>(name: Name) => Values[Name];

/** How a room says what a statement is: `(value) => tables.selectFrom('device').selectAll().where('id', '=', value('id'))`. */
export type Build<Values, Row> = (value: Parameter<Values>) => Compilable<Row>;

// biome-ignore lint/complexity/noBannedTypes: the port's empty schema.
type Handle = Transaction<{}>;

/**
 * A query compiled once, for the few statements of the hot path: building and compiling one costs several times the work
 * of the engine that runs it.
 */
export type Statement<Values, Row> = {
  /** What a `select` finds, or an `update … returning` has changed. Without a transaction, reading is all it may do. */
  rows(values: Values, transaction?: Handle): Promise<Row[]>;
  /** Runs an `insert` or `update`; resolves with the number of rows. */
  change(values: Values, transaction: Handle): Promise<number>;
};

class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** The compiled query, and its parameters in order for the values of one call. */
export function compileOnce<Values, Row>(build: Build<Values, Row>) {
  const value = (name: string) => new Placeholder(name) as never;
  const query: CompiledQuery<Row> = build(value).compile();
  const parameters = (values: Values): unknown[] =>
    query.parameters.map((one) => (one instanceof Placeholder ? values[one.name as keyof Values] : one));
  return { query, parameters };
}
