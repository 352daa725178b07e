/** A JSON Schema of OpenAPI 3.1. */
export type Schema = Readonly<Record<string, unknown>>;

/** A text. */
export function text(description: string): Schema {
  return { type: "string", description };
}

/** A number. */
export function number(description: string): Schema {
  return { type: "number", description };
}

/** A whole number. */
export function whole(description: string, minimum?: number, maximum?: number): Schema {
  return {
    type: "integer",
    description,
    ...minimum === undefined ? {} : { minimum },
    ...maximum === undefined ? {} : { maximum },
  };
}

/** `true` or `false`. */
export function flag(description: string): Schema {
  return { type: "boolean", description };
}

/** One of these texts. */
export function oneOf(description: string, ...values: readonly string[]): Schema {
  return { type: "string", enum: values, description };
}

/** An object; all properties are required except those named in `optional`. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, ...required.length === 0 ? {} : { required } };
}

/** A list. */
export function list(items: Schema): Schema {
  return { type: "array", items };
}

/** An object of numbers by name. */
export function counts(description: string): Schema {
  return { type: "object", description, additionalProperties: { type: "number" } };
}

/** A page of a list, with the cursor of the next page. */
export function page(items: Schema): Schema {
  return object({
    items: list(items),
    next: {
      type: ["string", "null"],
      description: "The `after` of the next page; null: this is the last",
    },
  });
}
