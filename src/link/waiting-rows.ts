/** What is known of a device code that waits. Times in epoch milliseconds, intervals in milliseconds. */
export type WaitingCode = {
  readonly clientId: string;
  readonly publicClient: boolean;
  /** Whether its network had asked for more than its share. */
  readonly crowded: boolean;
  readonly expiresAt: number;
  /** What the device must leave between two polls. */
  interval: number;
  readonly baseInterval: number;
  polledAt: number;
  /** Polls in a row that kept to the interval, since the last one that did not. */
  patient: number;
  /** When the database was last asked whether the code still waits. */
  checkedAt: number;
};

/** Eight numbers of eight bytes: one line of the processor's cache. */
const width = 8;
const [expiresAt, polledAt, checkedAt, interval, baseInterval, patient, client, marks] = [
  0, 1, 2, 3, 4, 5, 6, 7,
] as const;
/** Added when there is no room left: never all copied at once, which would make everybody wait. */
const rowsPerBlock = 4096;

export type WaitingRows = ReturnType<typeof createWaitingRows>;

/**
 * There may be a million codes, of which each poll meets another one. As objects they would lie scattered with each of
 * their times, and the garbage collector would go through all of them; as rows of numbers, a poll fetches one line.
 */
export function createWaitingRows() {
  const blocks: Float64Array[] = [];
  const free: number[] = [];
  let used = 0;
  const clientIds: string[] = [];
  const clientNumbers = new Map<string, number>();

  function numberOf(clientId: string): number {
    const known = clientNumbers.get(clientId);
    if (known !== undefined) return known;
    clientNumbers.set(clientId, clientIds.length);
    return clientIds.push(clientId) - 1;
  }

  function at(row: number): WaitingCode {
    const block = blocks[Math.floor(row / rowsPerBlock)];
    if (!block) throw new RangeError(`There is no row ${row}.`);
    return new Row(block, (row % rowsPerBlock) * width, clientIds);
  }

  return {
    /** A view of the row; good until the row is released, so not for keeping across an `await`. */
    at,

    /** The number of a row that holds `code`. */
    take(code: WaitingCode): number {
      const row = free.pop() ?? used++;
      const block = Math.floor(row / rowsPerBlock);
      blocks[block] ??= new Float64Array(rowsPerBlock * width);
      const values = [
        code.expiresAt,
        code.polledAt,
        code.checkedAt,
        code.interval,
        code.baseInterval,
        code.patient,
        numberOf(code.clientId),
        Number(code.publicClient) + 2 * Number(code.crowded),
      ];
      blocks[block].set(values, (row % rowsPerBlock) * width);
      return row;
    },

    release: (row: number): void => void free.push(row),
  };
}

class Row implements WaitingCode {
  readonly #numbers: Float64Array;
  readonly #offset: number;
  readonly #clientIds: readonly string[];

  constructor(numbers: Float64Array, offset: number, clientIds: readonly string[]) {
    this.#numbers = numbers;
    this.#offset = offset;
    this.#clientIds = clientIds;
  }

  #read(field: number): number {
    return this.#numbers[this.#offset + field] ?? 0;
  }

  #write(field: number, value: number): void {
    this.#numbers[this.#offset + field] = value;
  }

  get clientId(): string {
    return this.#clientIds[this.#read(client)] ?? '';
  }
  get publicClient(): boolean {
    return this.#read(marks) % 2 === 1;
  }
  get crowded(): boolean {
    return this.#read(marks) >= 2;
  }
  get expiresAt(): number {
    return this.#read(expiresAt);
  }
  get baseInterval(): number {
    return this.#read(baseInterval);
  }
  get interval(): number {
    return this.#read(interval);
  }
  set interval(value: number) {
    this.#write(interval, value);
  }
  get polledAt(): number {
    return this.#read(polledAt);
  }
  set polledAt(value: number) {
    this.#write(polledAt, value);
  }
  get patient(): number {
    return this.#read(patient);
  }
  set patient(value: number) {
    this.#write(patient, value);
  }
  get checkedAt(): number {
    return this.#read(checkedAt);
  }
  set checkedAt(value: number) {
    this.#write(checkedAt, value);
  }
}
