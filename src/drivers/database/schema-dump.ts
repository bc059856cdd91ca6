import { type Kysely, sql } from 'kysely';

// biome-ignore lint/suspicious/noExplicitAny: Kysely's own type for "whatever the schema".
type AnyDatabase = Kysely<any>;

/** Every table and index as SQLite keeps it, one column a line, ordered by table. */
export async function dumpSqliteSchema(db: AnyDatabase): Promise<string> {
  const { rows } = await sql<{ sql: string }>`
    select sql from sqlite_schema
    where sql is not null and tbl_name not like 'kysely\\_%' escape '\\' and name not like 'sqlite\\_%' escape '\\'
    order by tbl_name, type desc, name`.execute(db);
  return rows.map((row) => `${oneColumnPerLine(row.sql)};\n`).join('\n');
}

/** `create table t (a, b(c, d))` with a line for each part between the outermost brackets. */
function oneColumnPerLine(statement: string): string {
  const open = statement.indexOf('(');
  if (open < 0 || !/^create table/i.test(statement)) return statement;
  const columns = splitOutside(statement.slice(open + 1, statement.lastIndexOf(')')));
  return `${statement.slice(0, open).trim()} (\n${columns.map((column) => `  ${column}`).join(',\n')}\n)`;
}

function splitOutside(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [at, character] of [...list].entries()) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) {
      parts.push(list.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...parts, list.slice(start).trim()];
}

type Part = { table_name: string; definition: string };

/** Every table, constraint and index as PostgreSQL's catalogue describes it, ordered by table. */
export async function dumpPostgresSchema(db: AnyDatabase): Promise<string> {
  const columns = await readColumns(db);
  const constraints = await readConstraints(db);
  const indexes = await readIndexes(db);
  const tables = [...new Set(columns.map((column) => column.table_name))];
  const of = (parts: Part[], table: string): string[] =>
    parts.filter((part) => part.table_name === table).map((part) => part.definition);
  return tables
    .flatMap((table) => {
      const lines = [...of(columns, table), ...of(constraints, table)].map((line) => `  ${line}`);
      return [
        `CREATE TABLE "${table}" (\n${lines.join(',\n')}\n);\n`,
        ...of(indexes, table).map((text) => `${text};\n`),
      ];
    })
    .join('\n');
}

async function readColumns(db: AnyDatabase): Promise<Part[]> {
  const { rows } = await sql<Part>`
    select c.relname as table_name,
      quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
        || case when a.attnotnull then ' NOT NULL' else '' end
        || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') as definition
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname not like 'kysely\\_%'
    order by c.relname collate "C", a.attnum`.execute(db);
  return rows;
}

async function readConstraints(db: AnyDatabase): Promise<Part[]> {
  // Only primary key, unique, foreign key and check: PostgreSQL 18 also lists NOT NULL here, older ones do not.
  const { rows } = await sql<Part>`
    select c.relname as table_name,
      'CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = current_schema()::regnamespace and k.contype in ('p', 'u', 'f', 'c')
      and c.relname not like 'kysely\\_%'
    order by c.relname collate "C", k.conname collate "C"`.execute(db);
  return rows;
}

async function readIndexes(db: AnyDatabase): Promise<Part[]> {
  const { rows } = await sql<Part>`
    select t.relname as table_name, pg_get_indexdef(i.indexrelid, 0, true) as definition
    from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    where t.relnamespace = current_schema()::regnamespace and t.relname not like 'kysely\\_%'
      and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
    order by t.relname collate "C", x.relname collate "C"`.execute(db);
  return rows;
}
