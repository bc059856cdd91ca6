// Loaded before everything else (`node --import`): this process believes that it is later, or earlier, than it is.
const skew = Number(process.env.SKEWED_CLOCK ?? 0);
const RealDate = Date;
const now = (): number => RealDate.now() + skew;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, wanted) => Reflect.construct(target, given.length === 0 ? [now()] : given, wanted),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

export {};
