/** A method that throws on demand. */
export interface Breaking {
  /** How often it has thrown. */
  count: number;
  /** Whether it throws for this call. */
  when: (self: unknown, args: readonly unknown[]) => boolean;
  [Symbol.dispose](): void;
}

/** Makes a method throw before it does anything, until the result is disposed of. */
export function breaking<T extends object>(
  target: T,
  name: keyof T & string,
  error: () => Error = () => new Error(`${name} fails`),
): Breaking {
  const real = Object.getOwnPropertyDescriptor(target, name);
  const method = target[name] as (...args: unknown[]) => unknown;
  const result: Breaking = {
    count: 0,
    when: () => true,
    [Symbol.dispose]() {
      if (real === undefined) delete target[name];
      else Object.defineProperty(target, name, real);
    },
  };
  const broken = function (this: unknown, ...args: unknown[]): unknown {
    if (!result.when(this, args)) return method.apply(this, args);
    result.count++;
    throw error();
  };
  Object.defineProperty(target, name, { value: broken, configurable: true, writable: true });
  return result;
}
