/** The values of one filter: usually one, held directly; a set if there are several; `undefined` if there is none. */
export type Values<T> = T | Several<T> | undefined;

/** A class of its own, so that a value that is itself a Set is not mistaken for several values. */
class Several<T> extends Set<T> {}

/** Whether `value` is among the values. */
export function hasValue<T>(values: Values<T>, value: T): boolean {
  return values instanceof Several ? values.has(value) : values === value;
}

/** Adds a value that is not among them yet. */
export function withValue<T>(values: Values<T>, value: T): Values<T> {
  if (values === undefined) return value;
  return values instanceof Several ? values.add(value) : new Several<T>([values, value]);
}

/** Removes a value that is among them. */
export function withoutValue<T>(values: Values<T>, value: T): Values<T> {
  if (!(values instanceof Several)) return undefined;
  values.delete(value);
  if (values.size > 1) return values;
  const [last] = values;
  return last;
}

/** Calls `visit` with each value; returns their number. */
export function visitValues<T>(values: Values<T>, visit: (value: T) => void): number {
  if (values === undefined) return 0;
  if (!(values instanceof Several)) {
    visit(values);
    return 1;
  }
  const { size } = values;
  for (const value of values) visit(value);
  return size;
}
