/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Something in a file or a command is not what it should be. */
export class FieldError extends Error {
  override name = "FieldError";
}

/** Whether it is an object, and neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a field, whatever the case of its name: mosquitto_ctrl writes `textName`, and the plugin `textname`. */
export function field(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const wanted = name.toLowerCase();
  for (const key of Object.keys(object)) {
    if (key.toLowerCase() === wanted) return object[key];
  }
  return undefined;
}

/** Text, if there is some. */
export function textField(object: JsonObject, name: string): string | undefined {
  const value = field(object, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new FieldError(`Invalid ${name}`);
  return value;
}

/** Text that must be there, and not be empty. */
export function nameField(object: JsonObject, name: string): string {
  const value = field(object, name);
  if (typeof value !== "string") throw new FieldError(`Invalid/missing ${name}`);
  if (value === "") throw new FieldError(`Empty ${name}`);
  // A name that MQTT cannot carry would be nobody's.
  if (value.includes("\0") || !value.isWellFormed()) throw new FieldError(`${name} is not text`);
  return value;
}

/** A whole number of 32 bits, or what holds without one. */
export function numberField<D>(object: JsonObject, name: string, otherwise: D): number | D {
  const value = field(object, name);
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== "number" || (value | 0) !== value) throw new FieldError(`Invalid ${name}`);
  return value;
}

/** Yes or no, or what holds without it. */
export function booleanField<D>(object: JsonObject, name: string, otherwise: D): boolean | D {
  const value = field(object, name);
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== "boolean") throw new FieldError(`Invalid ${name}`);
  return value;
}

/** A list of objects; `undefined`: there is none. */
export function listField(object: JsonObject, name: string): readonly JsonObject[] | undefined {
  const value = field(object, name);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new FieldError(`'${name}' not an array`);
  if (!value.every(isObject)) throw new FieldError(`'${name}' must have objects`);
  return value;
}
